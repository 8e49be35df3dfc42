// The innermost part of panel products: 16 R rows by T tokens in registers.
//
// A lane is a row. Every step loads R vectors of weights [16 rows][4 k], one broadcast of four
// activations for each token, and does R * T vpdpbusd; R = 2 and T = 5 take 10 of the 32 registers
// for integer sums and 10 for floats. Each integer sum starts at -zero * (sum of activations),
// which TokenTables holds, so unsigned codes cost nothing. Everything is in an anonymous namespace.
#pragma once

#include "kernels/avx512/avx512_panel.hpp"
#include "kernels/avx512/avx512_tiles.hpp"

namespace minnow::avx512 {
namespace {

// Rows of the R groups that exist, and those of them whose sums continue from out.
struct RowMasks {
  __mmask16 group[2];
  __mmask16 continued[2];  // none in the first panel
};

// Integer sums of one sub-block: index (in Sub) from the panel's start.
template <int Sub, int R, int T>
[[gnu::always_inline]] inline void panel_dot(const Panel& panel, const PanelTokens& x, int index,
                                             __m512i (&sums)[R][T]) {
#pragma GCC unroll 8
  for (int t = 0; t < T; ++t) {
    const __m512i start = _mm512_set1_epi32(x.starts[t][index]);
#pragma GCC unroll 2
    for (int r = 0; r < R; ++r) sums[r][t] = start;
  }
  const uint8_t* const codes = panel.codes + index * (Sub * 16 * R);
  const int8_t* const activations = x.codes + index * Sub;
#pragma GCC unroll 8
  for (int g = 0; g < Sub / 4; ++g) {
    __m512i weights[R];
#pragma GCC unroll 2
    for (int r = 0; r < R; ++r) weights[r] = _mm512_load_si512(codes + 64 * (R * g + r));
#pragma GCC unroll 8
    for (int t = 0; t < T; ++t) {
      const __m512i q = broadcast_4_bytes(activations + t * x.codes_stride + 4 * g);
#pragma GCC unroll 2
      for (int r = 0; r < R; ++r) sums[r][t] = _mm512_dpbusd_epi32(sums[r][t], weights[r], q);
    }
  }
}

// Sub-block `index` with the token scale of `block` (32 k).
template <int Sub, int R, int T>
[[gnu::always_inline]] inline void add_panel_block(const Panel& panel, const PanelTokens& x,
                                                   int index, int block, __m512 (&acc)[R][T]) {
  __m512i sums[R][T];
  panel_dot<Sub, R, T>(panel, x, index, sums);
#pragma GCC unroll 2
  for (int r = 0; r < R; ++r) {
    const __m512 scale = _mm512_load_ps(panel.scales + 16 * (R * index + r));
#pragma GCC unroll 8
    for (int t = 0; t < T; ++t) {
      const __m512 product = _mm512_mul_ps(scale, _mm512_set1_ps(x.scales[t][block]));
      acc[r][t] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums[r][t]), product, acc[r][t]);
    }
  }
}

// Mins::kBlock: the offsets of block `block` (32 k).
template <int R, int T>
[[gnu::always_inline]] inline void add_panel_offsets(const Panel& panel, const PanelTokens& x,
                                                     int block, __m512 (&acc)[R][T]) {
#pragma GCC unroll 2
  for (int r = 0; r < R; ++r) {
    const __m512 offset = _mm512_load_ps(panel.offsets + 16 * (R * block + r));
#pragma GCC unroll 8
    for (int t = 0; t < T; ++t) {
      const __m512 product = _mm512_mul_ps(offset, _mm512_set1_ps(x.scales[t][block]));
      const __m512 x_sum = _mm512_castsi512_ps(_mm512_set1_epi32(x.extra[t][block]));
      acc[r][t] = _mm512_fmadd_ps(x_sum, product, acc[r][t]);
    }
  }
}

// Formats with one scale of the activations for 32 weights. Arguments that stores might change, as
// far as the compiler knows, are passed by value.
template <int Sub, Mins M, int R, int T>
void panel_tile_32(const Panel& panel, const PanelTokens x, int n_k, const RowMasks rows) {
  __m512 acc[R][T];
#pragma GCC unroll 2
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
    for (int t = 0; t < T; ++t) {
      acc[r][t] = _mm512_maskz_loadu_ps(rows.continued[r], x.out + t * x.out_stride + 16 * r);
    }
  }
  for (int block = 0; block < n_k / 32; ++block) {
    if constexpr (Sub == 32) {
      add_panel_block<Sub, R, T>(panel, x, block, block, acc);
    } else {
      add_panel_block<Sub, R, T>(panel, x, 2 * block, block, acc);
      add_panel_block<Sub, R, T>(panel, x, 2 * block + 1, block, acc);
    }
    if constexpr (M == Mins::kBlock) add_panel_offsets<R, T>(panel, x, block, acc);
  }
#pragma GCC unroll 2
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
    for (int t = 0; t < T; ++t) {
      _mm512_mask_storeu_ps(x.out + t * x.out_stride + 16 * r, rows.group[r], acc[r][t]);
    }
  }
}

// Mins::kInteger: part - dmin * (sum of minimums times sums of activations) of 128 k.
template <int Sub, int R>
[[gnu::always_inline]] inline __m512 subtract_panel_mins(const Panel& panel, const PanelTokens& x,
                                                         int group, int r, int t, __m512 part) {
  constexpr int kPairs = 128 / Sub / 2;
  __m512i min_sum = _mm512_setzero_si512();
#pragma GCC unroll 4
  for (int pair = group * kPairs; pair < group * kPairs + kPairs; ++pair) {
    const __m512i mins = _mm512_load_si512(panel.min_pairs + 16 * (R * pair + r));
    min_sum = _mm512_dpwssd_epi32(min_sum, mins, _mm512_set1_epi32(x.extra[t][pair]));
  }
  const __m512 dmin = _mm512_load_ps(panel.dmin + 16 * (R * group + r));
  return _mm512_fnmadd_ps(_mm512_cvtepi32_ps(min_sum), dmin, part);
}

// Formats with one scale of the activations for 128 weights. The sums stay in out, which is touched
// once in 128 k: there are no registers left for them.
template <int Sub, Mins M, int R, int T>
void panel_tile_128(const Panel& panel, const PanelTokens x, int n_k, RowMasks rows) {
  constexpr int kSubs = 128 / Sub;
  for (int group = 0; group < n_k / 128; ++group) {
    __m512 parts[R][T];
#pragma GCC unroll 2
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
      for (int t = 0; t < T; ++t) parts[r][t] = _mm512_setzero_ps();
    }
    for (int index = group * kSubs; index < group * kSubs + kSubs; ++index) {
      __m512i sums[R][T];
      panel_dot<Sub, R, T>(panel, x, index, sums);
#pragma GCC unroll 2
      for (int r = 0; r < R; ++r) {
        const __m512 scale = _mm512_load_ps(panel.scales + 16 * (R * index + r));
#pragma GCC unroll 8
        for (int t = 0; t < T; ++t) {
          parts[r][t] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums[r][t]), scale, parts[r][t]);
        }
      }
    }
#pragma GCC unroll 2
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
      for (int t = 0; t < T; ++t) {
        __m512 part = parts[r][t];
        if constexpr (M == Mins::kInteger) {
          part = subtract_panel_mins<Sub, R>(panel, x, group, r, t, part);
        }
        float* const out = x.out + t * x.out_stride + 16 * r;
        const __m512 before = _mm512_maskz_loadu_ps(rows.continued[r], out);
        const __m512 x_scale = _mm512_set1_ps(x.scales[t][group]);
        _mm512_mask_storeu_ps(out, rows.group[r], _mm512_fmadd_ps(part, x_scale, before));
      }
    }
    rows.continued[0] = rows.group[0];
    rows.continued[1] = rows.group[1];
  }
}

}  // namespace
}  // namespace minnow::avx512
