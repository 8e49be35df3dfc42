// Between the Q, K, V products and attention: norms of single heads, rotary positions, and storing
// keys and values in the cache.
#pragma once

#include <cstdint>

#include "kernels/api/kernel_table.hpp"
#include "ops/kv_layer.hpp"
#include "ops/op_context.hpp"
#include "tensor/weight_matrix.hpp"

namespace minnow {

struct HeadStep {
  float* q;               // [n_tokens, n_heads, head_dim], changed in place
  std::int64_t q_stride;  // elements between tokens
  float* k;               // [n_tokens, n_kv_heads, head_dim], changed in place
  std::int64_t k_stride;
  const float* v;  // [n_tokens, n_kv_heads, value_dim]
  std::int64_t v_stride;
  std::int32_t n_heads;
  VectorView q_norm;    // [head_dim] or [n_heads * head_dim], or none
  VectorView k_norm;    // [head_dim] or [n_kv_heads * head_dim], or none
  bool layer_norm;      // of the heads; otherwise RMS
  bool own_head_norms;  // a weight for all heads holds a part for each head, normed by itself
  float eps;
  RopeStyle rope;
  std::int32_t n_rot;  // rotated elements of a head
  const float* cos;    // [n_tokens, n_rot / 2]
  const float* sin;
  std::int64_t first_position;  // of token 0
  std::int64_t n_tokens;
};

void prepare_heads(const OpContext& context, const HeadStep& step, const KvLayer& cache) noexcept;

}  // namespace minnow
