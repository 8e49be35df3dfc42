#include "ops/heads.hpp"

#include <algorithm>
#include <cstring>

namespace minnow {

namespace {

constexpr std::int32_t kTile = 16;  // positions of a key tile
constexpr std::int32_t kMostConverted = 64;

// Norm of single heads, or of all heads of a token together.
void norm_heads(const KernelTable& table, const HeadStep& step, float* x, std::int32_t n_heads,
                std::int32_t head_dim, const VectorView& weight) noexcept {
  if (!weight) return;
  const bool shared = weight.n == head_dim;
  const bool whole_row = !shared && !step.own_head_norms;
  const std::int64_t n = whole_row ? weight.n : head_dim;
  const std::int32_t n_norms = whole_row ? 1 : n_heads;
  for (std::int32_t i = 0; i < n_norms; ++i, x += n) {
    const float* const w = weight.data + (shared ? 0 : i * n);
    if (step.layer_norm)
      table.layer_norm(x, w, nullptr, n, step.eps, x);
    else
      table.rms_norm(x, w, n, step.eps, x);
  }
}

void rotate_heads(const KernelTable& table, const HeadStep& step, float* x, std::int32_t n_heads,
                  std::int32_t head_dim, std::int64_t token) noexcept {
  if (step.rope == RopeStyle::kNone) return;
  const std::int64_t offset = token * (step.n_rot / 2);
  for (std::int32_t h = 0; h < n_heads; ++h, x += head_dim)
    table.rope(x, step.cos + offset, step.sin + offset, step.n_rot, step.rope);
}

// Scatters one head's key over [head_dim][16 positions].
void store_key(const KernelTable& table, const float* key, const KvLayer& cache, std::byte* chunk,
               std::int32_t in_chunk) noexcept {
  const std::int64_t tile = std::int64_t{in_chunk / kTile} * cache.head_dim * kTile;
  const std::int32_t lane = in_chunk % kTile;
  if (cache.type == KvType::kF32) {
    float* out = reinterpret_cast<float*>(chunk) + tile + lane;
    for (std::int32_t d = 0; d < cache.head_dim; ++d) out[d * kTile] = key[d];
    return;
  }
  auto* out = reinterpret_cast<std::uint16_t*>(chunk) + tile + lane;
  std::uint16_t converted[kMostConverted];
  for (std::int32_t d = 0; d < cache.head_dim; d += kMostConverted) {
    const std::int32_t n = std::min(kMostConverted, cache.head_dim - d);
    table.to_half(key + d, n, converted);
    for (std::int32_t i = 0; i < n; ++i) out[(d + i) * kTile] = converted[i];
  }
}

void store_value(const KernelTable& table, const float* value, const KvLayer& cache,
                 std::byte* chunk, std::int32_t in_chunk) noexcept {
  const std::int64_t offset = std::int64_t{in_chunk} * cache.value_dim;
  if (cache.type == KvType::kF32)
    std::memcpy(reinterpret_cast<float*>(chunk) + offset, value,
                static_cast<std::size_t>(cache.value_dim) * sizeof(float));
  else
    table.to_half(value, cache.value_dim, reinterpret_cast<std::uint16_t*>(chunk) + offset);
}

void prepare_token(const KernelTable& table, const HeadStep& step, const KvLayer& cache,
                   std::int64_t token) noexcept {
  float* const q = step.q + token * step.q_stride;
  float* const k = step.k + token * step.k_stride;
  const float* const v = step.v + token * step.v_stride;
  norm_heads(table, step, q, step.n_heads, cache.head_dim, step.q_norm);
  norm_heads(table, step, k, cache.n_kv_heads, cache.head_dim, step.k_norm);
  rotate_heads(table, step, q, step.n_heads, cache.head_dim, token);
  rotate_heads(table, step, k, cache.n_kv_heads, cache.head_dim, token);
  const std::int64_t position = step.first_position + token;
  const std::int64_t chunk = position / kChunkPositions;
  const auto in_chunk = static_cast<std::int32_t>(position % kChunkPositions);
  for (std::int32_t h = 0; h < cache.n_kv_heads; ++h) {
    store_key(table, k + h * cache.head_dim, cache, cache.keys_chunk(h, chunk), in_chunk);
    store_value(table, v + h * cache.value_dim, cache, cache.values_chunk(h, chunk), in_chunk);
  }
}

}  // namespace

void prepare_heads(const OpContext& context, const HeadStep& step, const KvLayer& cache) noexcept {
  for_each_token(context, step.n_tokens,
                 [&](std::int64_t token) { prepare_token(*context.table, step, cache, token); });
}

}  // namespace minnow
