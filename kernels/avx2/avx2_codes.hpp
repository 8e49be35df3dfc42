// Codes of R16G4 tiles as unsigned bytes in registers: the part of the AVX2 kernels that knows the
// bytes of 4-, 5- and 6-bit formats.
//
// A vector of codes is [8 rows][4 k]: half h of a tile's piece holds rows 8h...8h + 7. `unit`
// counts stretches of 32 k in a tile (always 0 for blocks of 32), `g` groups of 4 k in a unit.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/formats/format.hpp"

namespace minnow::avx2 {
namespace {

constexpr int kHalfBytes = 32;
constexpr int kPieceBytes = 64;

// Where a tile's parts begin, and what its codes are.
struct CodeLayout {
  int bits;        // of a code
  int zero;        // what a code of 0 weight is
  int units;       // of 32 k in a tile
  int tile_bytes;  // of 16 rows
  int scales;      // byte offset of the scale pieces (256-element formats)
  int high;        // byte offset of the pieces with fifth and sixth bits
  int low;         // byte offset of the nibbles
  bool restores;   // weights are code * scale - minimum, and codes do not fit 16-bit sums unshifted
  Mins mins;
};

[[gnu::always_inline]] constexpr CodeLayout code_layout(Format format) {
  switch (format) {
    case Format::kQ4_0:
      return {4, 8, 1, 288, 0, 0, 32, false, Mins::kNone};
    case Format::kQ4_1:
      return {4, 0, 1, 320, 0, 0, 64, false, Mins::kBlock};
    case Format::kQ5_0:
      return {5, 16, 1, 352, 0, 32, 96, false, Mins::kNone};
    case Format::kQ5_1:
      return {5, 0, 1, 384, 0, 64, 128, true, Mins::kBlock};
    case Format::kQ4_K:
      return {4, 0, 8, 2304, 64, 0, 256, false, Mins::kInteger};
    case Format::kQ5_K:
      return {5, 0, 8, 2816, 64, 256, 768, true, Mins::kInteger};
    case Format::kQ6_K:
      return {6, 32, 8, 3360, 32, 2336, 288, false, Mins::kNone};
    default:
      return {};
  }
}

[[gnu::always_inline]] constexpr int x_group_of(Format format) {
  return code_layout(format).units == 1 ? 32 : 128;
}

inline __m256i load_bytes(const void* bytes) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(bytes));
}

// Bits first...first + n - 1 of each byte, moved to bits 4...4 + n - 1; mask: these bits set.
inline __m256i move_to_bit_4(__m256i bytes, int first, __m256i mask) {
  const __m256i moved =
      first <= 4 ? _mm256_slli_epi16(bytes, 4 - first) : _mm256_srli_epi16(bytes, first - 4);
  return _mm256_and_si256(moved, mask);
}

inline __m256i nibbles(const std::uint8_t* piece, bool upper) {
  const __m256i bytes = load_bytes(piece);
  return _mm256_and_si256(upper ? _mm256_srli_epi16(bytes, 4) : bytes, _mm256_set1_epi8(15));
}

// The codes of group g of a unit, of the half that `half_tile` points to (tile + 32 * half).
// `unit` and `g` should be constants after unrolling.
template <Format F>
inline __m256i codes_of(const std::uint8_t* half_tile, int unit, int g) {
  constexpr CodeLayout kLayout = code_layout(F);
  const std::uint8_t* const low = half_tile + kLayout.low;
  const std::uint8_t* const high = half_tile + kLayout.high;
  if constexpr (kLayout.units == 1) {
    const __m256i codes = nibbles(low + kPieceBytes * (g & 3), g >= 4);
    if constexpr (kLayout.bits == 4) return codes;
    return _mm256_or_si256(codes, move_to_bit_4(load_bytes(high), g, _mm256_set1_epi8(16)));
  } else if constexpr (kLayout.bits < 6) {
    const __m256i codes = nibbles(low + kPieceBytes * (8 * (unit >> 1) + g), (unit & 1) != 0);
    if constexpr (kLayout.bits == 4) return codes;
    const __m256i fifth = load_bytes(high + kPieceBytes * g);
    return _mm256_or_si256(codes, move_to_bit_4(fifth, unit, _mm256_set1_epi8(16)));
  } else {
    const int n = unit >> 2;
    const int s = unit & 3;
    const __m256i codes = nibbles(low + kPieceBytes * (16 * n + 8 * (s & 1) + g), s >= 2);
    const __m256i upper = load_bytes(high + kPieceBytes * (8 * n + g));
    return _mm256_or_si256(codes, move_to_bit_4(upper, 2 * s, _mm256_set1_epi8(0x30)));
  }
}

// 16-bit field `number` of the rows of a half, as floats.
inline __m256 field_of(const std::uint8_t* tile, int half, int number) {
  const void* const halves = tile + 32 * number + 16 * half;
  return _mm256_cvtph_ps(_mm_loadu_si128(static_cast<const __m128i*>(halves)));
}

// The 6-bit scales and minimums of four sub-blocks of Q4_K and Q5_K: byte i of a row's 4 bytes is
// sub-block 4 * part + i (kernels/formats/k_scales.hpp has the bits).
struct KScales {
  __m256i scales;
  __m256i mins;
};

inline KScales k_scales_of(const std::uint8_t* half_scales, int part) {
  const __m256i first = load_bytes(half_scales);
  const __m256i second = load_bytes(half_scales + kPieceBytes);
  if (part == 0) {
    const __m256i six = _mm256_set1_epi8(63);
    return {_mm256_and_si256(first, six), _mm256_and_si256(second, six)};
  }
  const __m256i third = load_bytes(half_scales + 2 * kPieceBytes);
  const __m256i four = _mm256_set1_epi8(15);
  const __m256i top = _mm256_set1_epi8(0x30);
  return {_mm256_or_si256(_mm256_and_si256(third, four),
                          _mm256_and_si256(_mm256_srli_epi16(first, 2), top)),
          _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(third, 4), four),
                          _mm256_and_si256(_mm256_srli_epi16(second, 2), top))};
}

// Byte i of each row's four as an integer.
inline __m256i unsigned_byte(__m256i bytes, int i) {
  return _mm256_srli_epi32(_mm256_slli_epi32(bytes, 24 - 8 * i), 24);
}
inline __m256i signed_byte(__m256i bytes, int i) {
  return _mm256_srai_epi32(_mm256_slli_epi32(bytes, 24 - 8 * i), 24);
}

// Byte i of each row's four, twice, as 16-bit integers.
inline __m256i byte_pair(__m256i bytes, int i) {
  const __m256i byte = unsigned_byte(bytes, i);
  return _mm256_or_si256(byte, _mm256_slli_epi32(byte, 16));
}

// Sub-block scales d * sc of unit `unit` of a Q6_K tile: [first or second 16 k].
inline __m256 q6_scale(const std::uint8_t* half_tile, __m256 d, int unit, int second) {
  constexpr CodeLayout kLayout = code_layout(Format::kQ6_K);
  const __m256i bytes = load_bytes(half_tile + kLayout.scales + kPieceBytes * (unit >> 1));
  return _mm256_mul_ps(d, _mm256_cvtepi32_ps(signed_byte(bytes, 2 * (unit & 1) + second)));
}

// Asks for the n_bytes of weights that lie kPrefetchBytes in front of `bytes`. The CPU's own
// prefetching stops at each page and is late in the long tiles of 256-element formats: Q4_K ran at
// 11 to 14 GB/s without and at 28 GB/s with it, Q5_0 at 24 and 29 GB/s (one busy thread).
constexpr int kPrefetchBytes = 8192;

[[gnu::always_inline]] inline void prefetch(const std::uint8_t* bytes, int n_bytes) {
  for (int i = 0; i < n_bytes; i += 64) {
    _mm_prefetch(reinterpret_cast<const char*>(bytes) + kPrefetchBytes + i, _MM_HINT_T0);
  }
}

// 0, which the compiler does not know: a loop from here to 2 stays a loop. Written out for both
// halves, kernels of 256-element formats would be twice as long and keep less in registers: 0.06
// against 0.10 TMAC/s with Q4_K and 4 tokens.
[[gnu::always_inline]] inline int first_half() {
  int half = 0;
  __asm__("" : "+r"(half));
  return half;
}

// An empty statement that keeps the compiler from reordering a chain of 16-bit additions, which
// would keep every product alive at once: measured 0.10 against 0.16 TMAC/s in the panel kernel.
[[gnu::always_inline]] inline void keep_order(__m256i& sum) {
  __asm__("" : "+x"(sum));
}

}  // namespace
}  // namespace minnow::avx2
