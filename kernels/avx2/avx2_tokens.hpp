// What every integer kernel of this folder shares about activations and results: pointers to T
// tokens that move along k, and the 16 rows of results that a tile of tokens has.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/api/kernel_table.hpp"

namespace minnow::avx2 {
namespace {

// Activations of T tokens, moving along k.
template <int T>
struct Tokens {
  const std::int8_t* codes[T];
  const float* scales[T];
  const std::int16_t* sums[T];

  [[gnu::always_inline]] void advance(int n_codes, int x_group) {
#pragma GCC unroll 4
    for (int t = 0; t < T; ++t) {
      codes[t] += n_codes;
      scales[t] += n_codes / x_group;
      sums[t] += n_codes / 16;
    }
  }
};

// Tokens token...token + T - 1 from element k on, which must begin a group of x_group.
template <int T>
[[gnu::always_inline]] inline Tokens<T> tokens_at(const QuantRows& x, std::int64_t token,
                                                  std::int64_t k, int x_group) {
  Tokens<T> tokens;
#pragma GCC unroll 4
  for (int t = 0; t < T; ++t) {
    tokens.codes[t] = x.codes + (token + t) * x.codes_stride + k;
    tokens.scales[t] = x.scales + (token + t) * x.scales_stride + k / x_group;
    tokens.sums[t] = x.sums + (token + t) * x.sums_stride + k / 16;
  }
  return tokens;
}

// The results of up to 16 rows and some tokens, which are partial sums while k is not at its end.
struct OutTile {
  float* out;           // [n_tokens, n_rows]
  std::int64_t stride;  // elements
  int n_rows;           // 1...16
  bool first;           // whether sums start at 0 and not at what `out` holds

  [[gnu::always_inline]] __m256i mask(int half) const {
    const __m256i row = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n_rows - 8 * half), row);
  }
  [[gnu::always_inline]] __m256 load(int t, int half) const {
    if (first) return _mm256_setzero_ps();
    const float* const rows = out + t * stride + 8 * half;
    return n_rows == kGroupRows ? _mm256_loadu_ps(rows) : _mm256_maskload_ps(rows, mask(half));
  }
  [[gnu::always_inline]] void store(int t, int half, __m256 sums) const {
    float* const rows = out + t * stride + 8 * half;
    if (n_rows == kGroupRows) {
      _mm256_storeu_ps(rows, sums);
    } else {
      _mm256_maskstore_ps(rows, mask(half), sums);
    }
  }
};

// The results of the group of rows that begins at `row`, from `token` on.
[[gnu::always_inline]] inline OutTile out_tile(const MatmulArgs& args, std::int64_t row,
                                               std::int64_t token, bool first) {
  const std::int64_t rest = args.n_rows - row;
  const int n_rows = rest < kGroupRows ? static_cast<int>(rest) : kGroupRows;
  return {args.out + token * args.out_stride + row, args.out_stride, n_rows, first};
}

template <int N>
struct TokenCount {
  static constexpr int kValue = N;
};

// body(TokenCount<T>, first token) over n_tokens in fours, then the rest at once.
template <class Body>
[[gnu::always_inline]] inline void for_token_tiles(std::int64_t n_tokens, const Body& body) {
  std::int64_t token = 0;
  for (; token + 4 <= n_tokens; token += 4) body(TokenCount<4>{}, token);
  switch (n_tokens - token) {
    case 3:
      return body(TokenCount<3>{}, token);
    case 2:
      return body(TokenCount<2>{}, token);
    case 1:
      return body(TokenCount<1>{}, token);
    default:
      return;
  }
}

// body(args) for stretches of tokens whose codes stay in the second cache while all rows meet them,
// so that sums continue in the first. Weights are read anew for each stretch, from memory in the
// order in which they lie: at 64 tokens and more that costs a few percent.
template <class Body>
[[gnu::always_inline]] inline void for_token_stretches(const MatmulArgs& args, const Body& body) {
  constexpr std::int64_t kCacheBytes = 512 * 1024;
  constexpr std::int64_t kLeast = 64;
  const std::int64_t fitting = kCacheBytes / (args.k > 0 ? args.k : 1) / 4 * 4;
  const std::int64_t size = fitting < kLeast ? kLeast : fitting;
  for (std::int64_t token = 0; token < args.n_tokens; token += size) {
    MatmulArgs part = args;
    part.n_tokens = args.n_tokens - token < size ? args.n_tokens - token : size;
    part.x.codes += token * args.x.codes_stride;
    part.x.scales += token * args.x.scales_stride;
    part.x.sums += token * args.x.sums_stride;
    part.out += token * args.out_stride;
    body(part);
  }
}

inline __m256i broadcast_dword(const void* bytes) {
  int dword;
  __builtin_memcpy(&dword, bytes, sizeof dword);
  return _mm256_set1_epi32(dword);
}

}  // namespace
}  // namespace minnow::avx2
