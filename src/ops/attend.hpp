// Attention of a batch of tokens over the cache (which already holds the batch's own keys and
// values).
//
// Per query, chunks of 256 positions are merged in ascending order (arithmetic.md, "Attention"), so
// neither the batch nor the split over threads shows in the result. Positions outside the window or
// in the future are skipped by index; there is no mask. Encoders look both ways, and the cache may
// be that of another text (cross attention): n_keys tells.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ops/kv_layer.hpp"
#include "ops/op_context.hpp"

namespace minnow {

// What a score gains by the distance between key and query.
struct RelativeBias {
  // [n_heads, head_stride]; at [zero + key - query] for all distances and, behind the last one, a
  // chunk's length more. NULL: none.
  const float* values;
  std::int64_t head_stride;  // elements
  std::int64_t zero;
};

struct AttentionStep {
  const float* q;         // [n_tokens, n_heads, head_dim]
  std::int64_t q_stride;  // elements between tokens
  float* out;             // [n_tokens, n_heads, value_dim]
  std::int64_t out_stride;
  std::int32_t n_heads;         // a multiple of the cache's n_kv_heads
  std::int64_t first_position;  // of token 0
  std::int64_t n_tokens;
  std::int64_t window;  // a token sees itself and window - 1 before it; 0: all before it
  // 0: a token sees what is before it. Otherwise it sees the cache's first n_keys positions, on
  // both sides; with a window, those up to window / 2 away.
  std::int64_t n_keys;
  RelativeBias bias;  // added to the scores, or none
  float scale;
  float softcap;    // 0: none
  float* partials;  // [attention_partials()], for decode; may be NULL
};

void attend(const OpContext& context, const AttentionStep& step, const KvLayer& cache) noexcept;

// Scratch that one thread needs beside the kernel's own.
std::size_t attention_scratch_bytes(const KernelTable& table, std::int32_t value_dim);

// Floats of AttentionStep::partials for contexts of n_ctx tokens.
std::int64_t attention_partials(std::int64_t n_ctx, std::int32_t n_heads, std::int32_t value_dim);

}  // namespace minnow
