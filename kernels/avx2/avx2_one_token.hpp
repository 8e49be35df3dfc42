// One token and a tile of a 256-element format: the kernel of decoding.
//
// A half of the tile (8 rows) at a time: first the integer products of all sub-blocks, left in the
// first cache, then the chain of float steps. Loops are short, and no byte of fifth and sixth bits
// is loaded twice for the same k: written out for a whole tile, as for two and three tokens
// (avx2_direct.cpp), Q6_K came to 8 to 25 instead of 30 to 33 GB/s from memory, Q4_K to 35 instead
// of 47 from the third cache.
#pragma once

#include "kernels/avx2/avx2_codes.hpp"
#include "kernels/avx2/avx2_tokens.hpp"

namespace minnow::avx2 {
namespace {

// What a token brings to 256 k, for both halves.
struct alignas(32) TokenSums {
  std::int32_t pairs[8];   // Q4_K, Q5_K: sums of codes of sub-blocks 0 and 2, 1 and 3, -, -, and
                           // the same of the second 128 k
  std::int32_t zeros[16];  // Q6_K: 32 times the sum of the codes of each sub-block
};

// dots[j]: the products of sub-block j with 8 rows.
struct alignas(32) HalfDots {
  __m256i dots[16];
};

inline void prepare_one_token(Format format, const std::int16_t* sums, TokenSums& out) {
  const __m256i of_16 = load_bytes(sums);
  void* const pairs = out.pairs;
  void* const zeros = out.zeros;
  if (format == Format::kQ6_K) {
    const __m256i low = _mm256_cvtepi16_epi32(_mm256_castsi256_si128(of_16));
    const __m256i high = _mm256_cvtepi16_epi32(_mm256_extracti128_si256(of_16, 1));
    _mm256_store_si256(static_cast<__m256i*>(zeros), _mm256_slli_epi32(low, 5));
    _mm256_store_si256(static_cast<__m256i*>(zeros) + 1, _mm256_slli_epi32(high, 5));
  } else {
    const __m256i of_32 = _mm256_madd_epi16(of_16, _mm256_set1_epi16(1));
    const __m256i later = _mm256_slli_epi32(_mm256_shuffle_epi32(of_32, 0x0e), 16);
    _mm256_store_si256(static_cast<__m256i*>(pairs), _mm256_blend_epi16(of_32, later, 0xaa));
  }
}

// The sum of 16-bit products of codes and 4 activations; `first`: sum does not hold any yet.
[[gnu::always_inline]] inline void add_product(__m256i codes, const std::int8_t* x, bool first,
                                               __m256i& sum) {
  const __m256i product = _mm256_maddubs_epi16(codes, broadcast_dword(x));
  sum = first ? product : _mm256_add_epi16(sum, product);
  keep_order(sum);
}

// Q4_K: units 2p and 2p + 1 share 8 pieces.
inline void half_dots_q4(const std::uint8_t* half_tile, const std::int8_t* x, HalfDots& out) {
  const __m256i ones = _mm256_set1_epi16(1);
  const __m256i four = _mm256_set1_epi8(15);
  const std::uint8_t* low = half_tile + code_layout(Format::kQ4_K).low;
#pragma GCC unroll 1
  for (int p = 0; p < 4; ++p) {
    __m256i sums[2];
#pragma GCC unroll 8
    for (int g = 0; g < 8; ++g) {
      const __m256i bytes = load_bytes(low + kPieceBytes * g);
      add_product(_mm256_and_si256(bytes, four), x + 4 * g, g == 0, sums[0]);
      const __m256i upper = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), four);
      add_product(upper, x + 32 + 4 * g, g == 0, sums[1]);
    }
    out.dots[2 * p] = _mm256_madd_epi16(sums[0], ones);
    out.dots[2 * p + 1] = _mm256_madd_epi16(sums[1], ones);
    low += 8 * kPieceBytes;
    x += 64;
  }
}

// Q5_K: four pieces of fifth bits serve four groups of all 8 units, as many as 16 bits hold. Units
// 0...3, then, with the bits moved down by four, 4...7.
inline void half_dots_q5(const std::uint8_t* half_tile, const std::int8_t* x, HalfDots& out) {
  const __m256i ones = _mm256_set1_epi16(1);
  const __m256i four = _mm256_set1_epi8(15);
  const __m256i fifth = _mm256_set1_epi8(16);
  for (int j = 0; j < 8; ++j) out.dots[j] = _mm256_setzero_si256();
#pragma GCC unroll 1
  for (int quad = 0; quad < 2; ++quad) {
    const std::uint8_t* low = half_tile + code_layout(Format::kQ5_K).low + 4 * kPieceBytes * quad;
    const std::uint8_t* const high =
        half_tile + code_layout(Format::kQ5_K).high + 4 * kPieceBytes * quad;
    __m256i bits[4];
#pragma GCC unroll 4
    for (int g = 0; g < 4; ++g) bits[g] = load_bytes(high + kPieceBytes * g);
#pragma GCC unroll 1
    for (int j = 0; j < 8; j += 4) {
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) {
        __m256i sum;
#pragma GCC unroll 4
        for (int g = 0; g < 4; ++g) {
          const __m256i bytes = load_bytes(low + kPieceBytes * (8 * (i >> 1) + g));
          const __m256i nibble = (i & 1) != 0 ? _mm256_srli_epi16(bytes, 4) : bytes;
          const __m256i codes =
              _mm256_or_si256(_mm256_and_si256(nibble, four), move_to_bit_4(bits[g], i, fifth));
          add_product(codes, x + 32 * (j + i) + 16 * quad + 4 * g, g == 0, sum);
        }
        out.dots[j + i] = _mm256_add_epi32(out.dots[j + i], _mm256_madd_epi16(sum, ones));
      }
#pragma GCC unroll 4
      for (int g = 0; g < 4; ++g) bits[g] = _mm256_srli_epi16(bits[g], 4);
      low += 16 * kPieceBytes;
    }
  }
}

// Q6_K: 16 of the k in each of four units share four pieces of upper bits and eight of nibbles;
// 16 bits hold two groups.
inline void half_dots_q6(const std::uint8_t* half_tile, const std::int8_t* x, HalfDots& out) {
  const __m256i ones = _mm256_set1_epi16(1);
  const __m256i four = _mm256_set1_epi8(15);
  const __m256i two = _mm256_set1_epi8(0x30);
  const std::uint8_t* low = half_tile + code_layout(Format::kQ6_K).low;
  const std::uint8_t* high = half_tile + code_layout(Format::kQ6_K).high;
#pragma GCC unroll 1
  for (int i = 0; i < 4; ++i) {  // first and second 16 of the first 128 k, then of the others
    __m256i dots[4];
#pragma GCC unroll 2
    for (int pair = 0; pair < 2; ++pair) {
      __m256i sums[4];
#pragma GCC unroll 2
      for (int g = 2 * pair; g < 2 * pair + 2; ++g) {
        const __m256i bytes[2] = {load_bytes(low + kPieceBytes * g),
                                  load_bytes(low + kPieceBytes * (8 + g))};
        const __m256i bits = load_bytes(high + kPieceBytes * g);
#pragma GCC unroll 4
        for (int s = 0; s < 4; ++s) {
          const __m256i nibble = s < 2 ? bytes[s] : _mm256_srli_epi16(bytes[s - 2], 4);
          const __m256i codes =
              _mm256_or_si256(_mm256_and_si256(nibble, four), move_to_bit_4(bits, 2 * s, two));
          add_product(codes, x + 32 * s + 4 * g, g == 2 * pair, sums[s]);
        }
      }
#pragma GCC unroll 4
      for (int s = 0; s < 4; ++s) {
        const __m256i wide = _mm256_madd_epi16(sums[s], ones);
        dots[s] = pair == 0 ? wide : _mm256_add_epi32(dots[s], wide);
      }
    }
#pragma GCC unroll 4
    for (int s = 0; s < 4; ++s) out.dots[8 * (i >> 1) + 2 * s + (i & 1)] = dots[s];
    low += (i == 1 ? 12 : 4) * kPieceBytes;
    high += 4 * kPieceBytes;
    x += i == 1 ? 112 : 16;
  }
}

// The float steps of Q4_K and Q5_K for 128 k.
template <int kPart>
[[gnu::always_inline]] inline __m256 k_part(const std::uint8_t* half_scales, __m256 d, __m256 dmin,
                                            const HalfDots& dots, const TokenSums& x) {
  const KScales scales = k_scales_of(half_scales, kPart);
  __m256 part = _mm256_setzero_ps();
#pragma GCC unroll 4
  for (int s = 0; s < 4; ++s) {
    const __m256 scale = _mm256_mul_ps(d, _mm256_cvtepi32_ps(unsigned_byte(scales.scales, s)));
    part = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dots.dots[4 * kPart + s]), scale, part);
  }
  const __m256i even = _mm256_and_si256(scales.mins, _mm256_set1_epi16(255));
  const __m256i odd = _mm256_srli_epi16(scales.mins, 8);
  const __m256i sum =
      _mm256_add_epi32(_mm256_madd_epi16(even, broadcast_dword(x.pairs + 4 * kPart)),
                       _mm256_madd_epi16(odd, broadcast_dword(x.pairs + 4 * kPart + 1)));
  return _mm256_fnmadd_ps(_mm256_cvtepi32_ps(sum), dmin, part);
}

// The float steps of Q6_K for 128 k. scales: the half's pieces of these k.
inline __m256 q6_part(const std::uint8_t* scales, __m256 d, const __m256i* dots,
                      const std::int32_t* zeros) {
  __m256 part = _mm256_setzero_ps();
#pragma GCC unroll 8
  for (int j = 0; j < 8; ++j) {
    const __m256i bytes = load_bytes(scales + kPieceBytes * (j >> 2));
    const __m256 scale = _mm256_mul_ps(d, _mm256_cvtepi32_ps(signed_byte(bytes, j & 3)));
    const __m256i dot = _mm256_sub_epi32(dots[j], broadcast_dword(zeros + j));
    part = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dot), scale, part);
  }
  return part;
}

// acc[half] over the 256 k of a tile.
template <Format F>
[[gnu::always_inline]] inline void add_tile_of_one(const std::uint8_t* tile, const Tokens<1>& x,
                                                   __m256 (*acc)[1]) {
  constexpr CodeLayout kLayout = code_layout(F);
  TokenSums sums;
  HalfDots dots;
  prepare_one_token(F, x.sums[0], sums);
  // All at once: an eighth of it in every step of the loops was a tenth slower (Q5_K from memory).
  prefetch(tile, kLayout.tile_bytes);
  const __m256 x_scales[2] = {_mm256_broadcast_ss(x.scales[0]),
                              _mm256_broadcast_ss(x.scales[0] + 1)};
#pragma GCC unroll 1
  for (int half = 0; half < 2; ++half) {
    const std::uint8_t* const half_tile = tile + kHalfBytes * half;
    const std::uint8_t* const scales = half_tile + kLayout.scales;
    const __m256 d = field_of(tile, half, 0);
    __m256 parts[2];
    if constexpr (F == Format::kQ6_K) {
      half_dots_q6(half_tile, x.codes[0], dots);
      parts[0] = q6_part(scales, d, dots.dots, sums.zeros);
      parts[1] = q6_part(scales + 2 * kPieceBytes, d, dots.dots + 8, sums.zeros + 8);
    } else {
      F == Format::kQ4_K ? half_dots_q4(half_tile, x.codes[0], dots)
                         : half_dots_q5(half_tile, x.codes[0], dots);
      const __m256 dmin = field_of(tile, half, 1);
      parts[0] = k_part<0>(scales, d, dmin, dots, sums);
      parts[1] = k_part<1>(scales, d, dmin, dots, sums);
    }
    acc[half][0] = _mm256_fmadd_ps(parts[0], x_scales[0], acc[half][0]);
    acc[half][0] = _mm256_fmadd_ps(parts[1], x_scales[1], acc[half][0]);
  }
}

}  // namespace
}  // namespace minnow::avx2
