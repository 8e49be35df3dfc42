// The innermost part of panel products: 16 R rows by T tokens in registers.
//
// A lane is a row. Every step loads R vectors of weights [16 rows][4 k], one broadcast of four
// activations for each token, and does R * T vpdpbusd; R = 2 and T = 5 take 10 of the 32 registers
// for integer sums and 10 for floats. Each integer sum starts at -zero * (sum of activations),
// which TileTables holds, so unsigned codes cost nothing. Everything is in an anonymous namespace.
#pragma once

#include "kernels/avx512/avx512_panel.hpp"
#include "kernels/avx512/avx512_tiles.hpp"
#include "kernels/generic/integer_formats.hpp"

namespace minnow::avx512 {
namespace {

// Integer sums of one sub-block: `index` (in Sub) from the panel's start, `at` k from the pointers.
template <int Sub, bool Zero, int R, int T>
[[gnu::always_inline]] inline void panel_dot(const Panel& panel, const TileTables& tables,
                                             const TokenPointers& x, int index, int at,
                                             __m512i (&sums)[R][T]) {
#pragma GCC unroll 8
  for (int t = 0; t < T; ++t) {
    __m512i start = _mm512_setzero_si512();
    if constexpr (Zero) start = _mm512_set1_epi32(tables.starts[t][index]);
#pragma GCC unroll 2
    for (int r = 0; r < R; ++r) sums[r][t] = start;
  }
  const uint8_t* const codes = panel.codes + index * (Sub * 16 * R);
#pragma GCC unroll 8
  for (int g = 0; g < Sub / 4; ++g) {
    __m512i weights[R];
#pragma GCC unroll 2
    for (int r = 0; r < R; ++r) weights[r] = _mm512_load_si512(codes + 64 * (R * g + r));
#pragma GCC unroll 8
    for (int t = 0; t < T; ++t) {
      const __m512i q = broadcast_4_bytes(x.token(t) + at + 4 * g);
#pragma GCC unroll 2
      for (int r = 0; r < R; ++r) sums[r][t] = _mm512_dpbusd_epi32(sums[r][t], weights[r], q);
    }
  }
}

// Sub-block `index` with the token scale of `block` (32 k).
template <int Sub, bool Zero, int R, int T>
[[gnu::always_inline]] inline void add_panel_block(const Panel& panel, const TileTables& tables,
                                                   const TokenPointers& x, int index, int block,
                                                   __m512 (&acc)[R][T]) {
  __m512i sums[R][T];
  panel_dot<Sub, Zero, R, T>(panel, tables, x, index, Sub * (index - 32 / Sub * block), sums);
#pragma GCC unroll 2
  for (int r = 0; r < R; ++r) {
    const __m512 scale = _mm512_load_ps(panel.scales + 16 * (R * index + r));
#pragma GCC unroll 8
    for (int t = 0; t < T; ++t) {
      const __m512 product = _mm512_mul_ps(scale, _mm512_set1_ps(tables.scales[t][block]));
      acc[r][t] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums[r][t]), product, acc[r][t]);
    }
  }
}

// Mins::kBlock: the offsets of block `block` (32 k).
template <int R, int T>
[[gnu::always_inline]] inline void add_panel_offsets(const Panel& panel, const TileTables& tables,
                                                     int block, __m512 (&acc)[R][T]) {
#pragma GCC unroll 2
  for (int r = 0; r < R; ++r) {
    const __m512 offset = _mm512_load_ps(panel.offsets + 16 * (R * block + r));
#pragma GCC unroll 8
    for (int t = 0; t < T; ++t) {
      const __m512 product = _mm512_mul_ps(offset, _mm512_set1_ps(tables.scales[t][block]));
      const __m512 x_sum = _mm512_castsi512_ps(_mm512_set1_epi32(tables.extra[t][block]));
      acc[r][t] = _mm512_fmadd_ps(x_sum, product, acc[r][t]);
    }
  }
}

template <int R, int T>
[[gnu::always_inline]] inline void store_results(const TileSums& sums, const __m512 (&acc)[R][T]) {
  float* out = sums.out;
  const int64_t stride = sums.out_stride;
  const __mmask16 rows[2] = {sums.rows[0], sums.rows[1]};
#pragma GCC unroll 8
  for (int t = 0; t < T; ++t) {
#pragma GCC unroll 2
    for (int r = 0; r < R; ++r) _mm512_mask_storeu_ps(out + 16 * r, rows[r], acc[r][t]);
    out += stride;
  }
}

// Formats with one scale of the activations for 32 weights.
template <int Sub, Mins M, bool Zero, int R, int T>
void panel_tile_32(const Panel& panel, const TileTables& tables, const TokenCodes& codes, int n_k,
                   const TileSums& sums) {
  // Fields one by one: a copy of all would read as vectors what was just stored in pieces.
  float* const partial = sums.partial;
  const bool last = sums.last;
  TokenPointers x(codes);
  const auto continued = static_cast<__mmask16>(sums.first ? 0 : 0xffff);
  __m512 acc[R][T];
#pragma GCC unroll 8
  for (int t = 0; t < T; ++t) {
#pragma GCC unroll 2
    for (int r = 0; r < R; ++r) {
      acc[r][t] = _mm512_maskz_load_ps(continued, partial + 16 * (R * t + r));
    }
  }
  for (int block = 0; block < n_k / 32; ++block) {
    if constexpr (Sub == 32) {
      add_panel_block<Sub, Zero, R, T>(panel, tables, x, block, block, acc);
    } else {
      add_panel_block<Sub, Zero, R, T>(panel, tables, x, 2 * block, block, acc);
      add_panel_block<Sub, Zero, R, T>(panel, tables, x, 2 * block + 1, block, acc);
    }
    if constexpr (M == Mins::kBlock) add_panel_offsets<R, T>(panel, tables, block, acc);
    x.advance(32);
  }
  if (last) return store_results<R, T>(sums, acc);
#pragma GCC unroll 8
  for (int t = 0; t < T; ++t) {
#pragma GCC unroll 2
    for (int r = 0; r < R; ++r) _mm512_store_ps(partial + 16 * (R * t + r), acc[r][t]);
  }
}

// Mins::kInteger: part - dmin * (sum of minimums times sums of activations) of 128 k.
template <int Sub, int R, int T>
[[gnu::always_inline]] inline void subtract_panel_mins(const Panel& panel, const TileTables& tables,
                                                       int group, __m512 (&parts)[R][T]) {
  constexpr int kPairs = 128 / Sub / 2;
#pragma GCC unroll 2
  for (int r = 0; r < R; ++r) {
    __m512i mins[kPairs];
#pragma GCC unroll 4
    for (int i = 0; i < kPairs; ++i) {
      mins[i] = _mm512_load_si512(panel.min_pairs + 16 * (R * (group * kPairs + i) + r));
    }
    const __m512 dmin = _mm512_load_ps(panel.dmin + 16 * (R * group + r));
#pragma GCC unroll 8
    for (int t = 0; t < T; ++t) {
      __m512i min_sum = _mm512_setzero_si512();
#pragma GCC unroll 4
      for (int i = 0; i < kPairs; ++i) {
        const __m512i x_sums = _mm512_set1_epi32(tables.extra[t][group * kPairs + i]);
        min_sum = _mm512_dpwssd_epi32(min_sum, mins[i], x_sums);
      }
      parts[r][t] = _mm512_fnmadd_ps(_mm512_cvtepi32_ps(min_sum), dmin, parts[r][t]);
    }
  }
}

// Formats with one scale of the activations for 128 weights. The sums stay in the first-level
// cache, where they are touched once in 128 k: there are no registers left for them.
template <int Sub, Mins M, bool Zero, int R, int T>
void panel_tile_128(const Panel& panel, const TileTables& tables, const TokenCodes& codes, int n_k,
                    const TileSums& sums) {
  constexpr int kSubs = 128 / Sub;
  // Fields one by one: a copy of all would read as vectors what was just stored in pieces.
  float* const partial = sums.partial;
  const bool last = sums.last;
  TokenPointers x(codes);
  auto continued = static_cast<__mmask16>(sums.first ? 0 : 0xffff);
  const int n_groups = n_k / 128;
  for (int group = 0; group < n_groups; ++group) {
    __m512 parts[R][T];
#pragma GCC unroll 2
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
      for (int t = 0; t < T; ++t) parts[r][t] = _mm512_setzero_ps();
    }
    for (int index = group * kSubs; index < group * kSubs + kSubs; ++index) {
      __m512i dots[R][T];
      panel_dot<Sub, Zero, R, T>(panel, tables, x, index, 0, dots);
#pragma GCC unroll 2
      for (int r = 0; r < R; ++r) {
        const __m512 scale = _mm512_load_ps(panel.scales + 16 * (R * index + r));
#pragma GCC unroll 8
        for (int t = 0; t < T; ++t) {
          parts[r][t] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dots[r][t]), scale, parts[r][t]);
        }
      }
      x.advance(Sub);
    }
    if constexpr (M == Mins::kInteger) subtract_panel_mins<Sub, R, T>(panel, tables, group, parts);
#pragma GCC unroll 8
    for (int t = 0; t < T; ++t) {
      const __m512 x_scale = _mm512_set1_ps(tables.scales[t][group]);
#pragma GCC unroll 2
      for (int r = 0; r < R; ++r) {
        float* const at = partial + 16 * (R * t + r);
        const __m512 before = _mm512_maskz_load_ps(continued, at);
        parts[r][t] = _mm512_fmadd_ps(parts[r][t], x_scale, before);
        if (group + 1 < n_groups || !last) _mm512_store_ps(at, parts[r][t]);
      }
    }
    continued = 0xffff;
    if (last && group + 1 == n_groups) store_results<R, T>(sums, parts);
  }
}

}  // namespace
}  // namespace minnow::avx512
