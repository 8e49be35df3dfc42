// Matrix products over the threads. Rows of the weights are split, never k and never a token's sum,
// so the split changes no bit. Several products of the same input run as one job.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/api/kernel_table.hpp"
#include "ops/activation_rows.hpp"
#include "ops/op_context.hpp"
#include "tensor/weight_matrix.hpp"

namespace minnow {

// out[t, r] = sum of weights[r, :] * x[t, :] (+ bias[r]).
struct Product {
  WeightMatrix weights;
  VectorView bias;       // [n_rows], or none
  float* out = nullptr;  // [n_tokens, n_rows]
  std::int64_t out_stride = 0;
};

// Runs all products on x. x must hold the forms that their formats need. `next` is what will be
// multiplied after that, if known: threads that have to wait fetch its beginning into their caches.
void multiply(const OpContext& context, std::span<const Product> products, const ActivationRows& x,
              const WeightMatrix& next = {}) noexcept;

// The same for one matrix, with an array [n_rows] of its own for each token.
void multiply_apart(const OpContext& context, const WeightMatrix& weights, const VectorView& bias,
                    std::span<float* const> out, const ActivationRows& x) noexcept;

// out[t, r] = act(gate[r] . x[t]) * (up[r] . x[t]), both products and the activation as one job.
// gate_bias and up_bias may be absent; without `gate`, out = act(up . x). With `quantised`, the
// same job leaves these forms of the result there, and no floats.
struct GatedProduct {
  WeightMatrix gate;
  WeightMatrix up;
  VectorView gate_bias;
  VectorView up_bias;
  Activation activation = Activation::kSilu;
  float* out = nullptr;  // [n_tokens, n_rows]
  std::int64_t out_stride = 0;
  const ActivationRows* quantised = nullptr;  // none of its memory is x's; no adapters then
  ActivationForms forms;
};
// False when a value that was to be quantised is not finite.
bool multiply_gated(const OpContext& context, const GatedProduct& product, const ActivationRows& x,
                    const WeightMatrix& next = {}) noexcept;

// Scratch that one thread needs for batches of up to n_tokens and rows of up to max_k.
std::size_t matmul_scratch_bytes(const KernelTable& table, std::int64_t n_tokens,
                                 std::int64_t max_k);

// Rows [first, first + n) of one product on the calling thread; first is a multiple of 16.
void multiply_rows(const KernelTable& table, const WeightMatrix& weights, std::int64_t first,
                   std::int64_t n, const ActivationRows& x, float* out, std::int64_t out_stride,
                   std::byte* scratch) noexcept;

}  // namespace minnow
