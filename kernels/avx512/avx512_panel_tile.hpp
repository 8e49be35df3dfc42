// The innermost part of panel products: 16 R rows by T tokens in registers.
//
// A lane is a row. Every step loads R vectors of weights [16 rows][4 k], one broadcast of four
// activations for each token, and does R * T vpdpbusd; R = 2 and T = 5 take 10 of the 32 registers
// for integer sums and 10 for floats. Each integer sum starts at -zero * (sum of activations),
// which TokenTables holds, so unsigned codes cost nothing. Everything is in an anonymous namespace.
#pragma once

#include "kernels/avx512/avx512_panel.hpp"
#include "kernels/avx512/avx512_tiles.hpp"
#include "kernels/generic/unrolled.hpp"

namespace minnow::avx512 {
namespace {

using generic::unrolled;

// Rows of the R groups that exist, and those of them whose sums continue from out.
struct RowMasks {
  __mmask16 group[2];
  __mmask16 continued[2];  // none in the first panel
};

// Integer sums of one sub-block: index (in Sub) from the panel's start.
template <int Sub, int R, int T>
[[gnu::always_inline]] inline void panel_dot(const Panel& panel, const PanelTokens& x, int index,
                                             __m512i (&sums)[R][T]) {
  unrolled<T>([&](auto t) __attribute__((always_inline)) {
    const __m512i start = _mm512_set1_epi32(x.starts[t.kValue][index]);
    unrolled<R>([&](auto r) __attribute__((always_inline)) { sums[r.kValue][t.kValue] = start; });
  });
  const uint8_t* const codes = panel.codes + index * (Sub * 16 * R);
  const int8_t* const activations = x.codes + index * Sub;
  unrolled<Sub / 4>([&](auto g) __attribute__((always_inline)) {
    __m512i weights[R];
    unrolled<R>([&](auto r) __attribute__((always_inline)) {
      weights[r.kValue] = _mm512_load_si512(codes + 64 * (R * g.kValue + r.kValue));
    });
    unrolled<T>([&](auto t) __attribute__((always_inline)) {
      const __m512i q = broadcast_4_bytes(activations + t.kValue * x.codes_stride + 4 * g.kValue);
      unrolled<R>([&](auto r) __attribute__((always_inline)) {
        __m512i& sum = sums[r.kValue][t.kValue];
        sum = _mm512_dpbusd_epi32(sum, weights[r.kValue], q);
      });
    });
  });
}

// Formats with one scale of the activations for 32 weights. Arguments that stores might change, as
// far as the compiler knows, are passed by value.
template <int Sub, Mins M, int R, int T>
void panel_tile_32(const Panel& panel, const PanelTokens x, int n_k, const RowMasks rows) {
  __m512 acc[R][T];
  unrolled<R * T>([&](auto i) __attribute__((always_inline)) {
    constexpr int kRow = i.kValue / T;
    constexpr int kToken = i.kValue % T;
    acc[kRow][kToken] =
        _mm512_maskz_loadu_ps(rows.continued[kRow], x.out + kToken * x.out_stride + 16 * kRow);
  });
  for (int block = 0; block < n_k / 32; ++block) {
    unrolled<32 / Sub>([&](auto half) __attribute__((always_inline)) {
      __m512i sums[R][T];
      const int index = block * (32 / Sub) + half.kValue;
      panel_dot<Sub, R, T>(panel, x, index, sums);
      unrolled<R * T>([&](auto i) __attribute__((always_inline)) {
        constexpr int kRow = i.kValue / T;
        constexpr int kToken = i.kValue % T;
        const __m512 scale = _mm512_load_ps(panel.scales + 16 * (R * index + kRow));
        const __m512 x_scale = _mm512_set1_ps(x.scales[kToken][block]);
        acc[kRow][kToken] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums[kRow][kToken]),
                                            _mm512_mul_ps(scale, x_scale), acc[kRow][kToken]);
      });
    });
    if constexpr (M == Mins::kBlock) {
      unrolled<R * T>([&](auto i) __attribute__((always_inline)) {
        constexpr int kRow = i.kValue / T;
        constexpr int kToken = i.kValue % T;
        const __m512 offset = _mm512_load_ps(panel.offsets + 16 * (R * block + kRow));
        const __m512 x_scale = _mm512_set1_ps(x.scales[kToken][block]);
        const __m512 x_sum = _mm512_castsi512_ps(_mm512_set1_epi32(x.extra[kToken][block]));
        acc[kRow][kToken] =
            _mm512_fmadd_ps(x_sum, _mm512_mul_ps(offset, x_scale), acc[kRow][kToken]);
      });
    }
  }
  unrolled<R * T>([&](auto i) __attribute__((always_inline)) {
    constexpr int kRow = i.kValue / T;
    constexpr int kToken = i.kValue % T;
    _mm512_mask_storeu_ps(x.out + kToken * x.out_stride + 16 * kRow, rows.group[kRow],
                          acc[kRow][kToken]);
  });
}

// Formats with one scale of the activations for 128 weights. The sums stay in out, which is touched
// once in 128 k: there are no registers left for them.
template <int Sub, Mins M, int R, int T>
void panel_tile_128(const Panel& panel, const PanelTokens x, int n_k, RowMasks rows) {
  constexpr int kSubs = 128 / Sub;
  for (int group = 0; group < n_k / 128; ++group) {
    __m512 parts[R][T];
    unrolled<R * T>([&](auto i) __attribute__((always_inline)) {
      parts[i.kValue / T][i.kValue % T] = _mm512_setzero_ps();
    });
    for (int index = group * kSubs; index < group * kSubs + kSubs; ++index) {
      __m512i sums[R][T];
      panel_dot<Sub, R, T>(panel, x, index, sums);
      unrolled<R * T>([&](auto i) __attribute__((always_inline)) {
        constexpr int kRow = i.kValue / T;
        constexpr int kToken = i.kValue % T;
        const __m512 scale = _mm512_load_ps(panel.scales + 16 * (R * index + kRow));
        parts[kRow][kToken] =
            _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums[kRow][kToken]), scale, parts[kRow][kToken]);
      });
    }
    unrolled<R * T>([&](auto i) __attribute__((always_inline)) {
      constexpr int kRow = i.kValue / T;
      constexpr int kToken = i.kValue % T;
      __m512 part = parts[kRow][kToken];
      if constexpr (M == Mins::kInteger) {
        __m512i min_sum = _mm512_setzero_si512();
        unrolled<kSubs / 2>([&](auto pair) __attribute__((always_inline)) {
          const int index = group * (kSubs / 2) + pair.kValue;
          const __m512i mins = _mm512_load_si512(panel.min_pairs + 16 * (R * index + kRow));
          min_sum = _mm512_dpwssd_epi32(min_sum, mins, _mm512_set1_epi32(x.extra[kToken][index]));
        });
        const __m512 dmin = _mm512_load_ps(panel.dmin + 16 * (R * group + kRow));
        part = _mm512_fnmadd_ps(_mm512_cvtepi32_ps(min_sum), dmin, part);
      }
      float* const out = x.out + kToken * x.out_stride + 16 * kRow;
      const __m512 x_scale = _mm512_set1_ps(x.scales[kToken][group]);
      const __m512 acc =
          _mm512_fmadd_ps(part, x_scale, _mm512_maskz_loadu_ps(rows.continued[kRow], out));
      _mm512_mask_storeu_ps(out, rows.group[kRow], acc);
    });
    unrolled<R>([&](auto r) __attribute__((always_inline)) {
      rows.continued[r.kValue] = rows.group[r.kValue];
    });
  }
}

}  // namespace
}  // namespace minnow::avx512
