#include "ops/adapter.hpp"

#include <algorithm>

namespace minnow {

namespace {

struct ByBase {
  bool operator()(const AdapterSet::Use& use, const std::byte* base) const {
    return use.pair.base < base;
  }
  bool operator()(const std::byte* base, const AdapterSet::Use& use) const {
    return base < use.pair.base;
  }
};

std::span<const AdapterSet::Use> uses_of(const AdapterSet& adapters, const WeightMatrix& weights) {
  const auto range =
      std::equal_range(adapters.uses.begin(), adapters.uses.end(), weights.data, ByBase{});
  return {range.first, range.second};
}

// out [n_tokens, n_rows] += every correction of `weights`.
void add_corrections(const OpContext& context, const AdapterSet& adapters,
                     const WeightMatrix& weights, const ActivationRows& x, float* out,
                     std::int64_t out_stride) noexcept {
  const std::int64_t n_rows = weights.n_rows;
  for (const AdapterSet::Use& use : uses_of(adapters, weights)) {
    const std::int64_t rank = use.pair.a.n_rows;
    const Product down[] = {{use.pair.a, {}, adapters.low, rank}};
    multiply(context, down, x);
    const Product up[] = {{use.pair.b, {}, adapters.delta, n_rows}};
    multiply(context, up, float_rows(adapters.low, rank, x.n_tokens));
    for_each_token(context, x.n_tokens, [&](std::int64_t t) {
      context.table->multiply_add(adapters.delta + t * n_rows, use.scale, n_rows,
                                  out + t * out_stride);
    });
  }
}

void add_bias_rows(const OpContext& context, const VectorView& bias, std::int64_t n_rows,
                   std::int64_t n_tokens, float* out, std::int64_t out_stride) noexcept {
  if (!bias) return;
  for_each_token(context, n_tokens, [&](std::int64_t t) {
    float* const row = out + t * out_stride;
    context.table->add(row, bias.data, n_rows, row);
  });
}

OpContext without_adapters(OpContext context) {
  context.adapters = nullptr;
  return context;
}

}  // namespace

bool AdapterSet::adapts(const WeightMatrix& weights) const {
  return weights && !uses_of(*this, weights).empty();
}

bool AdapterSet::adapts(std::span<const Product> products) const {
  return std::any_of(products.begin(), products.end(),
                     [&](const Product& product) { return adapts(product.weights); });
}

void multiply_adapted(const OpContext& adapted, const AdapterSet& adapters,
                      std::span<const Product> products, const ActivationRows& x) noexcept {
  const OpContext context = without_adapters(adapted);
  for (const Product& product : products) {
    const Product base[] = {{product.weights, {}, product.out, product.out_stride}};
    multiply(context, base, x);
    add_corrections(context, adapters, product.weights, x, product.out, product.out_stride);
    add_bias_rows(context, product.bias, product.weights.n_rows, x.n_tokens, product.out,
                  product.out_stride);
  }
}

void multiply_gated_adapted(const OpContext& adapted, const AdapterSet& adapters,
                            const GatedProduct& product, const ActivationRows& x) noexcept {
  const OpContext context = without_adapters(adapted);
  const std::int64_t n_rows = product.up.n_rows;
  float* const first = product.out;
  // Without a gate the only factor is `up`, in the place of the first.
  float* const second = product.gate ? adapters.second : nullptr;
  if (product.gate) {
    const Product gate[] = {{product.gate, product.gate_bias, first, product.out_stride}};
    multiply_adapted(context, adapters, gate, x);
    const Product up[] = {{product.up, product.up_bias, second, n_rows}};
    multiply_adapted(context, adapters, up, x);
  } else {
    const Product up[] = {{product.up, product.up_bias, first, product.out_stride}};
    multiply_adapted(context, adapters, up, x);
  }
  for_each_token(context, x.n_tokens, [&](std::int64_t t) {
    float* const row = first + t * product.out_stride;
    context.table->activate(product.activation, row,
                            second == nullptr ? nullptr : second + t * n_rows, n_rows, row);
  });
}

}  // namespace minnow
