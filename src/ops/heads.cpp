#include "ops/heads.hpp"

#include <algorithm>
#include <cstring>

namespace minnow {

namespace {

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

// One block of up to 32 elements as Q8_0. What is not finite becomes a NaN, so that it is noticed
// where it is read.
struct Q8Block {
  std::int8_t codes[kKvBlock];
  std::uint16_t scale;

  Q8Block(const KernelTable& table, const float* x, std::int64_t n) noexcept {
    constexpr std::uint16_t kHalfNan = 0x7e00;
    float wide = 0;
    std::int16_t sums[kKvBlock / 16];
    if (table.quantize(x, n, static_cast<int>(kKvBlock), codes, &wide, sums)) {
      table.to_half(&wide, 1, &scale);
    } else {
      std::memset(codes, 0, sizeof(codes));
      scale = kHalfNan;
    }
  }
};

void store_key_q8(const KernelTable& table, const float* key, const KvLayer& cache,
                  std::byte* group, std::int64_t lane) noexcept {
  for (std::int64_t d = 0; d < cache.head_dim; d += kKvBlock, group += kv_q8_key_block_bytes()) {
    const std::int64_t n = std::min<std::int64_t>(kKvBlock, cache.head_dim - d);
    const Q8Block block(table, key + d, n);
    std::memcpy(group + 2 * lane, &block.scale, 2);
    auto* const codes = reinterpret_cast<std::int8_t*>(group + 2 * kKeyGroup) + lane;
    for (std::int64_t i = 0; i < n; ++i) codes[i * kKeyGroup] = block.codes[i];
  }
}

void store_value_q8(const KernelTable& table, const float* value, const KvLayer& cache,
                    std::byte* row) noexcept {
  std::byte* const codes = row + 2 * kv_q8_blocks(cache.value_dim);
  for (std::int64_t d = 0; d < cache.value_dim; d += kKvBlock, row += 2) {
    const std::int64_t n = std::min<std::int64_t>(kKvBlock, cache.value_dim - d);
    const Q8Block block(table, value + d, n);
    std::memcpy(row, &block.scale, 2);
    std::memcpy(codes + d, block.codes, static_cast<std::size_t>(n));
  }
}

// Scatters one head's key over [head_dim][16 positions].
void store_key(const KernelTable& table, const float* key, const KvLayer& cache, std::byte* chunk,
               std::int64_t in_chunk) noexcept {
  std::byte* const group = chunk + in_chunk / kKeyGroup * cache.key_group_bytes();
  const std::int64_t lane = in_chunk % kKeyGroup;
  if (cache.type == KvType::kQ8_0) return store_key_q8(table, key, cache, group, lane);
  if (cache.type == KvType::kF32) {
    float* out = reinterpret_cast<float*>(group) + lane;
    for (std::int32_t d = 0; d < cache.head_dim; ++d) out[d * kKeyGroup] = key[d];
    return;
  }
  auto* out = reinterpret_cast<std::uint16_t*>(group) + lane;
  std::uint16_t converted[kMostConverted];
  for (std::int32_t d = 0; d < cache.head_dim; d += kMostConverted) {
    const std::int32_t n = std::min(kMostConverted, cache.head_dim - d);
    table.to_half(key + d, n, converted);
    for (std::int32_t i = 0; i < n; ++i) out[(d + i) * kKeyGroup] = converted[i];
  }
}

void store_value(const KernelTable& table, const float* value, const KvLayer& cache,
                 std::byte* chunk, std::int64_t in_chunk) noexcept {
  std::byte* const row = chunk + in_chunk * cache.value_row_bytes();
  if (cache.type == KvType::kQ8_0) return store_value_q8(table, value, cache, row);
  if (cache.type == KvType::kF32)
    std::memcpy(row, value, static_cast<std::size_t>(cache.value_row_bytes()));
  else
    table.to_half(value, cache.value_dim, reinterpret_cast<std::uint16_t*>(row));
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
  const std::int64_t in_chunk = position % kChunkPositions;
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
