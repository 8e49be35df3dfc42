// Scales of split heads, from rows to blocks, for the tables that have AVX2.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/generic/split_rows.hpp"

namespace minnow::generic {

inline constexpr int kStretchBlocks = 8;  // blocks whose scales are one vector
inline constexpr int kStretchRows = 8;

// The scales of up to 8 blocks of a row, zeros beyond; whole stretches are read at once.
template <bool kWhole>
[[gnu::always_inline]] inline __m128i load_halves(const std::uint8_t* bytes, int n) {
  const void* const source = bytes;
  if constexpr (kWhole) return _mm_loadu_si128(static_cast<const __m128i*>(source));
  return _mm_set_epi64x(n > 4 ? load_up_to_8(bytes + 8, 2 * n - 8) : 0, load_up_to_8(bytes, 2 * n));
}

// halves[b] = [8 rows] of the scales of block b of a stretch, n blocks long; row(i): where those of
// row i begin.
template <bool kWhole, class Row>
[[gnu::always_inline]] inline void stretch_scales(const Row& row, int n, __m128i* halves) {
  __m128i pairs[kStretchRows];  // of rows: 2i and 2i + 1, low blocks and high ones
#pragma GCC unroll 4
  for (int i = 0; i < kStretchRows; i += 2) {
    const __m128i a = load_halves<kWhole>(row(i), n);
    const __m128i b = load_halves<kWhole>(row(i + 1), n);
    pairs[i] = _mm_unpacklo_epi16(a, b);
    pairs[i + 1] = _mm_unpackhi_epi16(a, b);
  }
#pragma GCC unroll 2
  for (int high = 0; high < 2; ++high) {
    const __m128i ab_low = _mm_unpacklo_epi32(pairs[high], pairs[2 + high]);
    const __m128i ab_high = _mm_unpackhi_epi32(pairs[high], pairs[2 + high]);
    const __m128i cd_low = _mm_unpacklo_epi32(pairs[4 + high], pairs[6 + high]);
    const __m128i cd_high = _mm_unpackhi_epi32(pairs[4 + high], pairs[6 + high]);
    halves[4 * high] = _mm_unpacklo_epi64(ab_low, cd_low);
    halves[4 * high + 1] = _mm_unpackhi_epi64(ab_low, cd_low);
    halves[4 * high + 2] = _mm_unpacklo_epi64(ab_high, cd_high);
    halves[4 * high + 3] = _mm_unpackhi_epi64(ab_high, cd_high);
  }
}

}  // namespace minnow::generic
