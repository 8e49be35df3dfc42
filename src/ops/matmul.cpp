#include "ops/matmul.hpp"

#include <algorithm>
#include <atomic>

#include "format/format_traits.hpp"
#include "ops/adapter.hpp"
#include "ops/work_split.hpp"

namespace minnow {

namespace {

// Rows that the widest kernel computes together: the unit in which rows are split.
constexpr std::int64_t kUnitRows = 32;
// What is computed together where results stay in scratch, small enough for a second-level cache:
// tokens (as many as share one unpacking of weights) and rows (a multiple of what a scale of
// activations covers; of few tokens more, since memory is read fastest in long stretches).
constexpr std::int64_t kPieceTokens = 256;
constexpr std::int64_t kPieceRows = 128;
constexpr std::int64_t kFewTokensRows = 1024;

std::int64_t piece_rows(std::int64_t n_tokens) {
  return std::max(kPieceRows, kFewTokensRows / n_tokens / kPieceRows * kPieceRows);
}

constexpr std::int64_t round_up(std::int64_t n, std::int64_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

std::int64_t count_units(const WeightMatrix& weights) {
  return (weights.n_rows + kUnitRows - 1) / kUnitRows;
}

// An item is worth claiming (about a microsecond) from this many bytes of weights for one token on.
std::int64_t least_units(const WeightMatrix& weights, std::int64_t n_tokens) {
  constexpr std::int64_t kLeastWork = 24 << 10;
  const std::int64_t unit_work = kUnitRows * weights.row_bytes() * (1 + n_tokens / 4);
  return (kLeastWork + unit_work - 1) / unit_work;
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

// Rows that do not lie in groups, since they stay in the file or are split into planes: groups are
// made in scratch as they are needed, so every kernel sees what it always sees.
constexpr std::int64_t kMadeRows = 2 * kGroupRows;

// Of a row in what is read from weights.data on: of a split matrix in the upper plane.
std::int64_t streamed_row_bytes(const WeightMatrix& weights) {
  return weights.is_split ? weights.k / 2 : weights.row_bytes();
}

void make_group(const KernelTable& table, const WeightMatrix& weights, std::int64_t first,
                int n_rows, std::byte* group) noexcept {
  if (weights.is_split)
    table.join_group(weights.split(), first, n_rows, group);
  else
    table.pack(weights.format, weights.data + first * weights.row_bytes(), weights.row_bytes(),
               n_rows, weights.k, group);
}

void multiply_made_rows(const KernelTable& table, const WeightMatrix& weights, std::int64_t first,
                        std::int64_t n, MatmulArgs args, std::byte* scratch) noexcept {
  std::byte* const made = scratch + round_up(static_cast<std::int64_t>(table.scratch_bytes), 64);
  const bool is_float = format_info(weights.format).x_group == 0;
  const std::int64_t step = is_float ? kGroupRows : kMadeRows;
  const std::int64_t stream_bytes = streamed_row_bytes(weights);
  args.weights = made;
  for (std::int64_t done = 0; done < n; done += step) {
    args.n_rows = std::min(step, n - done);
    for (std::int64_t row = 0; row < args.n_rows; row += kGroupRows) {
      const auto n_rows = static_cast<int>(std::min<std::int64_t>(kGroupRows, args.n_rows - row));
      make_group(table, weights, first + done + row, n_rows, made + row * weights.row_bytes());
    }
    const bool is_last = done + step >= n;
    args.upcoming = is_last ? nullptr : weights.data + (first + done + step) * stream_bytes;
    args.upcoming_bytes = is_last ? 0 : step * stream_bytes;
    table.matmul(weights.format, args, scratch);
    args.out += args.n_rows;
  }
}

// What threads that wait may fetch meanwhile: where each will begin to read `next`. In prefill
// nothing waits for memory.
Upcoming upcoming(const OpContext& context, const WeightMatrix& next, std::int64_t n_tokens) {
  constexpr std::int64_t kFewTokens = 8;
  if (!next || n_tokens > kFewTokens) return {};
  const WorkSplit split(count_units(next), least_units(next, n_tokens), context.pool->n_threads());
  const std::int64_t unit_bytes = kUnitRows * streamed_row_bytes(next);
  return {next.data, split.units_per_lane() * unit_bytes, split.n_lanes()};
}

std::size_t codes_bytes(std::int64_t max_k) {
  std::size_t most = 0;
  for (const FormatInfo& info : kFormats) {
    if (info.packing != Packing::kRows) continue;
    most = std::max(most, code_group_bytes(info.format, round_up(max_k, 256)));
  }
  return (most + 63) / 64 * 64;
}

// What multiply_made_rows() makes: a group of float32 rows, or two of any smaller format's.
std::size_t made_rows_bytes(std::int64_t max_k) {
  constexpr std::int64_t kQuantisedBits = 9;  // of an element with its share of the scales, at most
  return static_cast<std::size_t>(
      round_up(std::max<std::int64_t>(kGroupRows * 4 * max_k,
                                      kMadeRows * (max_k + 255) * kQuantisedBits / 8),
               64));
}

// Two pieces of results: the factors of a gated product.
std::size_t pieces_bytes(std::int64_t n_tokens) {
  return static_cast<std::size_t>(
             2 * std::max(std::min(n_tokens, kPieceTokens) * kPieceRows, kFewTokensRows)) *
         sizeof(float);
}

}  // namespace

std::size_t matmul_scratch_bytes(const KernelTable& table, std::int64_t n_tokens,
                                 std::int64_t max_k) {
  const std::size_t kernel = (table.scratch_bytes + 63) / 64 * 64;
  return kernel + std::max(codes_bytes(max_k), made_rows_bytes(max_k)) + pieces_bytes(n_tokens);
}

void multiply_rows(const KernelTable& table, const WeightMatrix& weights, std::int64_t first,
                   std::int64_t n, const ActivationRows& x, float* out, std::int64_t out_stride,
                   std::byte* scratch) noexcept {
  MatmulArgs args = make_args(x, format_info(weights.format).x_group, out, out_stride);
  if (weights.is_split && x.n_tokens == 1) {
    table.split_products(weights.split(), nullptr, first, n, args.x, args.out);
    return;
  }
  if (weights.is_split || (weights.in_file && weights.has_tiles())) {
    multiply_made_rows(table, weights, first, n, args, scratch);
    return;
  }
  if (!weights.has_tiles()) {
    multiply_code_rows(table, weights, first, n, args, scratch);
    return;
  }
  args.weights = weights.group_at(first);
  args.n_rows = n;
  table.matmul(weights.format, args, scratch);
}

namespace {

// Rows [first, first + n) of one product.
void run_product(const OpContext& context, const Product& product, std::int64_t first,
                 std::int64_t n, const ActivationRows& x, int worker) noexcept {
  float* const out = product.out + first;
  multiply_rows(*context.table, product.weights, first, n, x, out, product.out_stride,
                context.scratch_of(worker));
  add_bias(*context.table, product.bias, first, n, x.n_tokens, out, product.out_stride);
}

// Rows [first, first + n) of a matrix for some tokens, with their bias.
struct PieceOf {
  const KernelTable& table;
  const ActivationRows& x;
  std::int64_t first;
  std::int64_t n;
  std::byte* scratch;

  void multiply(const WeightMatrix& weights, const VectorView& bias, float* out) const noexcept {
    multiply_rows(table, weights, first, n, x, out, n, scratch);
    add_bias(table, bias, first, n, x.n_tokens, out, n);
  }
};

// Calls body(piece, first_token, memory) for rows [first, end) in pieces; memory: two of them.
template <class Body>
void for_each_piece(const OpContext& context, std::int64_t first, std::int64_t end,
                    const ActivationRows& x, int worker, const Body& body) noexcept {
  std::byte* const scratch = context.scratch_of(worker);
  auto* const memory =
      reinterpret_cast<float*>(scratch + context.scratch_stride - pieces_bytes(x.n_tokens));
  const std::int64_t n_rows = piece_rows(x.n_tokens);
  // All tokens for some rows first: their weights are then still in the cache.
  for (std::int64_t row = first; row < end; row += n_rows) {
    for (std::int64_t token = 0; token < x.n_tokens; token += kPieceTokens) {
      const ActivationRows some = tokens_of(x, token, std::min(kPieceTokens, x.n_tokens - token));
      const PieceOf piece = {*context.table, some, row, std::min(n_rows, end - row), scratch};
      body(piece, token, memory);
    }
  }
}

// act(gate . x) * (up . x), or act(up . x), of a piece. Both factors stay in this thread's cache.
bool run_gated(const GatedProduct& product, const PieceOf& piece, std::int64_t first_token,
               float* memory) noexcept {
  const std::int64_t n = piece.n;
  float* const gate = memory;
  float* const up = product.gate ? memory + piece.x.n_tokens * n : nullptr;
  if (product.gate) {
    piece.multiply(product.gate, product.gate_bias, gate);
    piece.multiply(product.up, product.up_bias, up);
  } else {
    piece.multiply(product.up, product.up_bias, gate);
  }
  bool finite = true;
  for (std::int64_t t = 0; t < piece.x.n_tokens; ++t) {
    const std::int64_t token = first_token + t;
    float* const values = product.quantised != nullptr
                              ? gate + t * n
                              : product.out + token * product.out_stride + piece.first;
    piece.table.activate(product.activation, gate + t * n, up == nullptr ? nullptr : up + t * n, n,
                         values);
    if (product.quantised != nullptr)
      finite &= quantize_piece(piece.table, product.forms, *product.quantised, token, piece.first,
                               n, values);
  }
  return finite;
}

}  // namespace

void multiply(const OpContext& context, std::span<const Product> products, const ActivationRows& x,
              const WeightMatrix& next) noexcept {
  if (context.adapters != nullptr && context.adapters->adapts(products))
    return multiply_adapted(context, *context.adapters, products, x);
  std::int64_t n_units = 0;
  for (const Product& product : products) n_units += count_units(product.weights);
  const WorkSplit split(n_units, least_units(products[0].weights, x.n_tokens),
                        context.pool->n_threads());
  context.for_each(
      split.n_items(),
      [&](int worker, std::int64_t item) {
        auto [unit, n_left] = split.item(item);
        for (const Product& product : products) {
          if (n_left == 0) return;
          const std::int64_t units_here = count_units(product.weights);
          if (unit < units_here) {
            const std::int64_t n_here = std::min(n_left, units_here - unit);
            const std::int64_t first = unit * kUnitRows;
            run_product(context, product, first,
                        std::min(n_here * kUnitRows, product.weights.n_rows - first), x, worker);
            n_left -= n_here;
            unit = units_here;
          }
          unit -= units_here;
        }
      },
      upcoming(context, next, x.n_tokens));
}

void multiply_apart(const OpContext& context, const WeightMatrix& weights, const VectorView& bias,
                    std::span<float* const> out, const ActivationRows& x) noexcept {
  const WorkSplit split(count_units(weights), least_units(weights, x.n_tokens),
                        context.pool->n_threads());
  context.for_each(split.n_items(), [&](int worker, std::int64_t item) {
    const WorkSplit::Range units = split.item(item);
    const std::int64_t end = std::min((units.first + units.n) * kUnitRows, weights.n_rows);
    for_each_piece(context, units.first * kUnitRows, end, x, worker,
                   [&](const PieceOf& piece, std::int64_t first_token, float* rows) {
                     piece.multiply(weights, bias, rows);
                     for (std::int64_t t = 0; t < piece.x.n_tokens; ++t)
                       std::copy_n(rows + t * piece.n, piece.n,
                                   out[static_cast<std::size_t>(first_token + t)] + piece.first);
                   });
  });
}

bool multiply_gated(const OpContext& context, const GatedProduct& product, const ActivationRows& x,
                    const WeightMatrix& next) noexcept {
  if (context.adapters != nullptr &&
      (context.adapters->adapts(product.gate) || context.adapters->adapts(product.up))) {
    multiply_gated_adapted(context, *context.adapters, product, x);
    return true;
  }
  // A scale of the result is made in one item.
  const bool whole_pieces = product.quantised != nullptr && product.forms.per_128;
  const std::int64_t rows_per_unit = whole_pieces ? kPieceRows : kUnitRows;
  const std::int64_t n_rows = product.up.n_rows;
  const WorkSplit split((n_rows + rows_per_unit - 1) / rows_per_unit,
                        std::max<std::int64_t>(
                            1, least_units(product.up, 2 * x.n_tokens) * kUnitRows / rows_per_unit),
                        context.pool->n_threads());
  std::atomic<bool> finite{true};
  context.for_each(
      split.n_items(),
      [&](int worker, std::int64_t item) {
        const WorkSplit::Range units = split.item(item);
        const std::int64_t end = std::min((units.first + units.n) * rows_per_unit, n_rows);
        for_each_piece(context, units.first * rows_per_unit, end, x, worker,
                       [&](const PieceOf& piece, std::int64_t first_token, float* memory) {
                         if (!run_gated(product, piece, first_token, memory)) finite.store(false);
                       });
      },
      upcoming(context, next, x.n_tokens));
  return finite.load();
}

}  // namespace minnow
