// The tiles of 16 rows as AVX-512 vectors: Tile<format>.
//
// A vector of codes holds [16 rows][4 bytes]: four consecutive k of each row, which is what
// vpdpbusd multiplies with the same four activations for every row. Codes are unsigned: code, of
// which kZero stands for weight 0. A vector of scales or minimums has a row a lane.
//
// Every Tile has
//   codes<G>(j)     the codes of k = 32j + 4G ... 32j + 4G + 3
//   scale(s)        the weights' scale of sub-block s
// and with 256 weights
//   codes_of<G, Upper>(j)  the same codes, when it is known which nibbles they are
//   kNibblesAlternate      whether that changes with every j or with every second one
// and by its kind of minimums
//   offset()        Mins::kBlock: m
//   dmin(), mins(s) Mins::kInteger: the minimum of sub-block s in both 16-bit halves of a lane
//   min_pair(s)     Mins::kInteger: the minimums of sub-blocks s and s + 1 in the two halves
//
// G is a parameter because its shifts are written into the instructions. Loops are loops, with a
// pragma where arrays have to become registers: the same as lambdas took minutes to build with
// sanitizers. Everything is in an anonymous namespace: included in several files of this folder.
#pragma once

#include <cstdint>

#include "kernels/avx512/avx512_intrinsics.hpp"
#include "kernels/formats/format.hpp"

namespace minnow::avx512 {
namespace {

using std::uint8_t;

[[gnu::always_inline]] inline __m512i load_bytes(const void* bytes) {
  return _mm512_loadu_si512(bytes);
}

// Four bytes of any kind in every lane.
[[gnu::always_inline]] inline __m512i broadcast_4_bytes(const void* bytes) {
  int value = 0;
  __builtin_memcpy(&value, bytes, 4);
  return _mm512_set1_epi32(value);
}

// Field `number` of a tile: a float16 for each row.
[[gnu::always_inline]] inline __m512 load_field(const uint8_t* tile, int number) {
  const void* const halves = tile + 32 * number;
  return _mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(halves)));
}

// Lanes moved right by so many bits.
[[gnu::always_inline]] inline __m512i shift_right(__m512i lanes, int bits) {
  return _mm512_srlv_epi32(lanes, _mm512_set1_epi32(bits));
}

// Four bits of each byte, from bit `from` (0 or 4) on.
[[gnu::always_inline]] inline __m512i nibbles(__m512i bytes, int from) {
  return _mm512_and_si512(shift_right(bytes, from), _mm512_set1_epi8(15));
}
template <int From>
[[gnu::always_inline]] inline __m512i nibbles(__m512i bytes) {
  if constexpr (From == 0) return _mm512_and_si512(bytes, _mm512_set1_epi8(15));
  return _mm512_and_si512(_mm512_srli_epi16(bytes, From), _mm512_set1_epi8(15));
}

// low | (high, moved so that bit `from` of each byte becomes bit 4) & mask.
[[gnu::always_inline]] inline __m512i with_high_bits(__m512i low, __m512i high, int from,
                                                     char mask) {
  const __m512i moved = _mm512_rorv_epi32(high, _mm512_set1_epi32((from - 4) & 31));
  return _mm512_ternarylogic_epi32(low, moved, _mm512_set1_epi8(mask), 0xf8);
}
template <int From>
[[gnu::always_inline]] inline __m512i with_high_bits(__m512i low, __m512i high, char mask) {
  const __m512i moved = From == 4 ? high : _mm512_ror_epi32(high, (From - 4) & 31);
  return _mm512_ternarylogic_epi32(low, moved, _mm512_set1_epi8(mask), 0xf8);
}

// Bytes Low and High of each lane as its two 16-bit halves.
template <int Low, int High>
[[gnu::always_inline]] inline __m512i bytes_as_halves(__m512i lanes) {
  constexpr int kFirst = static_cast<int>(0x80008000u) | High << 16 | Low;
  return _mm512_shuffle_epi8(lanes, _mm512_set4_epi32(kFirst + 0x000c000c, kFirst + 0x00080008,
                                                      kFirst + 0x00040004, kFirst));
}

template <Format F>
struct Tile;

// -- blocks of 32 ---------------------------------------------------------------------------------

// Q4_0, Q4_1, Q5_0 and Q5_1: two nibbles a byte, k and k + 16; fifth bits in piece 0.
template <int FieldCount, bool FifthBits, int Zero>
struct NibbleTile {
  static constexpr int kZero = Zero;
  const uint8_t* tile;

  [[gnu::always_inline]] __m512i piece(int number) const {
    return load_bytes(tile + 32 * FieldCount + 64 * number);
  }
  template <int G>
  [[gnu::always_inline]] __m512i codes(int /*j*/) const {
    const __m512i low = nibbles<G / 4 * 4>(piece(G % 4 + (FifthBits ? 1 : 0)));
    if constexpr (FifthBits) return with_high_bits<G>(low, piece(0), 0x10);
    return low;
  }
  [[gnu::always_inline]] __m512 scale(int /*s*/) const { return load_field(tile, 0); }
  [[gnu::always_inline]] __m512 offset() const { return load_field(tile, 1); }
};

template <>
struct Tile<Format::kQ4_0> : NibbleTile<1, false, 8> {};
template <>
struct Tile<Format::kQ4_1> : NibbleTile<2, false, 0> {};
template <>
struct Tile<Format::kQ5_0> : NibbleTile<1, true, 16> {};
template <>
struct Tile<Format::kQ5_1> : NibbleTile<2, true, 0> {};

template <>
struct Tile<Format::kQ8_0> {
  static constexpr int kZero = 128;
  const uint8_t* tile;

  template <int G>
  [[gnu::always_inline]] __m512i codes(int /*j*/) const {
    return _mm512_xor_si512(load_bytes(tile + 32 + 64 * G), _mm512_set1_epi8(-128));
  }
  [[gnu::always_inline]] __m512 scale(int /*s*/) const { return load_field(tile, 0); }
};

// -- blocks of 256 --------------------------------------------------------------------------------

// Q4_K and Q5_K; kernels/formats/k_scales.hpp describes the three pieces of scales.
template <bool FifthBits>
struct KTile {
  static constexpr int kZero = 0;
  static constexpr bool kNibblesAlternate = true;
  const uint8_t* tile;

  [[gnu::always_inline]] __m512i piece(int number) const {
    return load_bytes(tile + 64 + 64 * number);
  }
  template <int G>
  [[gnu::always_inline]] __m512i codes(int j) const {
    const __m512i low = nibbles(piece((FifthBits ? 11 : 3) + j / 2 * 8 + G), j % 2 * 4);
    if constexpr (FifthBits) return with_high_bits(low, piece(3 + G), j, 0x10);
    return low;
  }
  template <int G, bool Upper>
  [[gnu::always_inline]] __m512i codes_of(int j) const {
    const __m512i low = nibbles < Upper ? 4 : 0 > (piece((FifthBits ? 11 : 3) + j / 2 * 8 + G));
    if constexpr (FifthBits) return with_high_bits(low, piece(3 + G), j, 0x10);
    return low;
  }
  // Piece 0 (scales) or 1 (minimums): four 6-bit values a lane, of sub-blocks 0...3 or, when
  // `high`, of 4...7.
  template <int Piece>
  [[gnu::always_inline]] __m512i six_bits(bool high) const {
    const __m512i first = piece(Piece);
    if (!high) return _mm512_and_si512(first, _mm512_set1_epi8(63));
    return with_high_bits<6>(nibbles<Piece * 4>(piece(2)), first, 0x30);
  }
  [[gnu::always_inline]] __m512 scale(int s) const {
    const __m512i bytes = shift_right(six_bits<0>(s >= 4), s % 4 * 8);
    const __m512i scales = _mm512_and_si512(bytes, _mm512_set1_epi32(255));
    return _mm512_mul_ps(load_field(tile, 0), _mm512_cvtepi32_ps(scales));
  }
  [[gnu::always_inline]] __m512i mins(int s) const {
    return bytes_as_halves<0, 0>(shift_right(six_bits<1>(s >= 4), s % 4 * 8));
  }
  [[gnu::always_inline]] __m512i min_pair(int s) const {
    return bytes_as_halves<0, 1>(shift_right(six_bits<1>(s >= 4), s % 4 * 8));
  }
  [[gnu::always_inline]] __m512 dmin() const { return load_field(tile, 1); }
};

template <>
struct Tile<Format::kQ4_K> : KTile<false> {};
template <>
struct Tile<Format::kQ5_K> : KTile<true> {};

template <>
struct Tile<Format::kQ6_K> {
  static constexpr int kZero = 32;
  static constexpr bool kNibblesAlternate = false;
  const uint8_t* tile;

  [[gnu::always_inline]] __m512i piece(int number) const {
    return load_bytes(tile + 32 + 64 * number);
  }
  template <int G>
  [[gnu::always_inline]] __m512i codes(int j) const {
    const int n = j / 4;
    const int s = j % 4;
    const __m512i low = nibbles(piece(4 + 16 * n + 8 * (s % 2) + G), s / 2 * 4);
    return with_high_bits(low, piece(36 + 8 * n + G), 2 * s, 0x30);
  }
  template <int G, bool Upper>
  [[gnu::always_inline]] __m512i codes_of(int j) const {
    const int n = j / 4;
    const __m512i low = nibbles < Upper ? 4 : 0 > (piece(4 + 16 * n + 8 * (j % 2) + G));
    return with_high_bits(low, piece(36 + 8 * n + G), 2 * (j % 4), 0x30);
  }
  [[gnu::always_inline]] __m512 scale(int s) const {
    const __m512i to_top = _mm512_set1_epi32(24 - s % 4 * 8);
    const __m512i scales = _mm512_srai_epi32(_mm512_sllv_epi32(piece(s / 4), to_top), 24);
    return _mm512_mul_ps(load_field(tile, 0), _mm512_cvtepi32_ps(scales));
  }
};

}  // namespace
}  // namespace minnow::avx512
