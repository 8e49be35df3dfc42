#include "ops/matmul.hpp"

#include <algorithm>

#include "format/format_traits.hpp"

namespace minnow {

namespace {

// Rows that the widest kernel computes together.
constexpr std::int64_t kPanelRows = 32;
// Rows of one item of a gated product; bounds the scratch for the second factor.
constexpr std::int64_t kGatedRows = 64;

constexpr std::int64_t round_up(std::int64_t n, std::int64_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

// How many rows make an item: enough work to pay for claiming it (about a microsecond), few enough
// that every thread gets several items, so that a slow core does not hold up the others.
std::int64_t rows_per_item(const WeightMatrix& weights, std::int64_t n_tokens, int n_threads) {
  constexpr std::int64_t kLeastWork = 24 << 10;  // bytes of weights times the factor below
  constexpr std::int64_t kMostWork = 256 << 10;
  const std::int64_t row_work = weights.row_bytes() * (1 + n_tokens / 4);
  const std::int64_t fair = weights.n_rows * row_work / (std::int64_t{n_threads} * 12);
  const std::int64_t work = std::clamp(fair, kLeastWork, kMostWork);
  return std::clamp(work / row_work / kPanelRows * kPanelRows, kPanelRows,
                    round_up(weights.n_rows, kPanelRows));
}

MatmulArgs make_args(const ActivationRows& x, int x_group, float* out, std::int64_t out_stride) {
  MatmulArgs args{};
  args.k = x.k;
  args.n_tokens = x.n_tokens;
  if (x_group > 0) args.x = x.for_group(x_group);
  args.x_float = x.values;
  args.x_stride = x.stride;
  args.out = out;
  args.out_stride = out_stride;
  return args;
}

void add_bias(const KernelTable& table, const VectorView& bias, std::int64_t first, std::int64_t n,
              std::int64_t n_tokens, float* out, std::int64_t out_stride) noexcept {
  if (!bias) return;
  for (std::int64_t t = 0; t < n_tokens; ++t) {
    float* row = out + t * out_stride;
    table.add(row, bias.data + first, n, row);
  }
}

// Rows of a format without packed tiles: decoded 16 at a time, then the same integer rule.
void multiply_code_rows(const KernelTable& table, const WeightMatrix& weights, std::int64_t first,
                        std::int64_t n, MatmulArgs args, std::byte* scratch) noexcept {
  std::byte* const buffer = scratch + round_up(static_cast<std::int64_t>(table.scratch_bytes), 64);
  for (std::int64_t done = 0; done < n; done += kGroupRows) {
    const std::int64_t n_rows = std::min<std::int64_t>(kGroupRows, n - done);
    CodeGroup group;
    decode_group(weights.format, weights.data + (first + done) * weights.row_bytes(),
                 weights.row_bytes(), static_cast<int>(n_rows), weights.k, buffer, &group);
    args.n_rows = n_rows;
    table.matmul_codes(group, args, scratch);
    args.out += n_rows;
  }
}

std::size_t codes_bytes(std::int64_t max_k) {
  std::size_t most = 0;
  for (const FormatInfo& info : kFormats) {
    if (info.packing != Packing::kRows) continue;
    most = std::max(most, code_group_bytes(info.format, round_up(max_k, 256)));
  }
  return (most + 63) / 64 * 64;
}

}  // namespace

std::size_t matmul_scratch_bytes(const KernelTable& table, std::int64_t n_tokens,
                                 std::int64_t max_k) {
  const std::size_t kernel = (table.scratch_bytes + 63) / 64 * 64;
  const std::size_t gated = static_cast<std::size_t>(n_tokens * kGatedRows) * sizeof(float);
  return kernel + codes_bytes(max_k) + gated;
}

void multiply_rows(const KernelTable& table, const WeightMatrix& weights, std::int64_t first,
                   std::int64_t n, const ActivationRows& x, float* out, std::int64_t out_stride,
                   std::byte* scratch) noexcept {
  MatmulArgs args = make_args(x, format_info(weights.format).x_group, out, out_stride);
  if (!weights.is_tiles()) {
    multiply_code_rows(table, weights, first, n, args, scratch);
    return;
  }
  args.weights = weights.group_at(first);
  args.n_rows = n;
  table.matmul(weights.format, args, scratch);
}

void multiply(const OpContext& context, std::span<const Product> products,
              const ActivationRows& x) noexcept {
  constexpr std::size_t kMostProducts = 4;
  std::int64_t item_rows[kMostProducts];
  std::int64_t first_item[kMostProducts + 1] = {0};
  const std::size_t n_products = std::min(products.size(), kMostProducts);
  for (std::size_t i = 0; i < n_products; ++i) {
    const WeightMatrix& weights = products[i].weights;
    item_rows[i] = rows_per_item(weights, x.n_tokens, context.pool->n_threads());
    first_item[i + 1] = first_item[i] + (weights.n_rows + item_rows[i] - 1) / item_rows[i];
  }
  context.for_each(first_item[n_products], [&](int worker, std::int64_t item) {
    std::size_t i = 0;
    while (item >= first_item[i + 1]) ++i;
    const Product& product = products[i];
    const std::int64_t first = (item - first_item[i]) * item_rows[i];
    const std::int64_t n = std::min(item_rows[i], product.weights.n_rows - first);
    float* const out = product.out + first;
    multiply_rows(*context.table, product.weights, first, n, x, out, product.out_stride,
                  context.scratch_of(worker));
    add_bias(*context.table, product.bias, first, n, x.n_tokens, out, product.out_stride);
  });
}

void multiply_gated(const OpContext& context, const GatedProduct& product,
                    const ActivationRows& x) noexcept {
  const KernelTable& table = *context.table;
  const std::int64_t n_rows = product.up.n_rows;
  const std::int64_t item_rows =
      std::min(kGatedRows, rows_per_item(product.up, x.n_tokens, context.pool->n_threads()));
  context.for_each((n_rows + item_rows - 1) / item_rows, [&](int worker, std::int64_t item) {
    const std::int64_t first = item * item_rows;
    const std::int64_t n = std::min(item_rows, n_rows - first);
    std::byte* const scratch = context.scratch_of(worker);
    float* const out = product.out + first;
    if (!product.gate) {
      multiply_rows(table, product.up, first, n, x, out, product.out_stride, scratch);
      add_bias(table, product.up_bias, first, n, x.n_tokens, out, product.out_stride);
      for (std::int64_t t = 0; t < x.n_tokens; ++t) {
        float* row = out + t * product.out_stride;
        table.activate(product.activation, row, nullptr, n, row);
      }
      return;
    }
    // The second factor stays in this thread's cache: it is used up here and never stored.
    auto* const up =
        reinterpret_cast<float*>(scratch + context.scratch_stride -
                                 static_cast<std::size_t>(x.n_tokens * item_rows) * sizeof(float));
    multiply_rows(table, product.gate, first, n, x, out, product.out_stride, scratch);
    multiply_rows(table, product.up, first, n, x, up, item_rows, scratch);
    add_bias(table, product.gate_bias, first, n, x.n_tokens, out, product.out_stride);
    add_bias(table, product.up_bias, first, n, x.n_tokens, up, item_rows);
    for (std::int64_t t = 0; t < x.n_tokens; ++t) {
      float* row = out + t * product.out_stride;
      table.activate(product.activation, row, up + t * item_rows, n, row);
    }
  });
}

}  // namespace minnow
