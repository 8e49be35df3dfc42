// The tiles of 16 rows as AVX-512 vectors: Tile<format>.
//
// A vector of codes holds [16 rows][4 bytes]: four consecutive k of each row, which is what
// vpdpbusd multiplies with the same four activations for every row. Codes are unsigned: code, of
// which kZero stands for weight 0. A vector of scales or minimums has a row a lane.
//
// Every Tile has
//   codes<J, G>()     the codes of k = 32J + 4G ... 32J + 4G + 3
//   scale<S>()        the weights' scale of sub-block S
// and by its kind of minimums
//   offset()          Mins::kBlock: m
//   dmin(), mins<S>() Mins::kInteger: the minimum of sub-block S in both 16-bit halves of a lane
//   min_pair<S>()     Mins::kInteger: the minimums of sub-blocks S and S + 1 in the two halves
// Everything is in an anonymous namespace: included in several files of this folder.
#pragma once

#include <cstdint>

#include "kernels/avx512/avx512_intrinsics.hpp"
#include "kernels/formats/format.hpp"
#include "kernels/generic/unrolled.hpp"

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

// The low or high nibble of each byte.
template <int Shift>
[[gnu::always_inline]] inline __m512i nibbles(__m512i bytes) {
  const __m512i shifted = Shift == 0 ? bytes : _mm512_srli_epi16(bytes, Shift);
  return _mm512_and_si512(shifted, _mm512_set1_epi8(15));
}

// low | (high, moved so that bit From of each byte becomes bit 4) & mask.
template <int From>
[[gnu::always_inline]] inline __m512i with_high_bits(__m512i low, __m512i high, char mask) {
  __m512i moved = high;
  if constexpr (From < 4) moved = _mm512_slli_epi16(high, 4 - From);
  if constexpr (From > 4) moved = _mm512_srli_epi16(high, From - 4);
  return _mm512_ternarylogic_epi32(low, moved, _mm512_set1_epi8(mask), 0xf8);
}

// Byte I of each lane, without and with its sign.
template <int I>
[[gnu::always_inline]] inline __m512i unsigned_byte(__m512i lanes) {
  return _mm512_and_si512(_mm512_srli_epi32(lanes, 8 * I), _mm512_set1_epi32(255));
}
template <int I>
[[gnu::always_inline]] inline __m512i signed_byte(__m512i lanes) {
  return _mm512_srai_epi32(_mm512_slli_epi32(lanes, 24 - 8 * I), 24);
}

// Bytes I and J of each lane as its two 16-bit halves.
template <int I, int J>
[[gnu::always_inline]] inline __m512i two_bytes(__m512i lanes) {
  constexpr int kFirst = static_cast<int>(0x80008000u) | J << 16 | I;
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
  template <int J, int G>
  [[gnu::always_inline]] __m512i codes() const {
    const __m512i low = nibbles<G / 4 * 4>(piece(G % 4 + (FifthBits ? 1 : 0)));
    if constexpr (FifthBits) return with_high_bits<G>(low, piece(0), 0x10);
    return low;
  }
  template <int S>
  [[gnu::always_inline]] __m512 scale() const {
    return load_field(tile, 0);
  }
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

  template <int J, int G>
  [[gnu::always_inline]] __m512i codes() const {
    return _mm512_xor_si512(load_bytes(tile + 32 + 64 * G), _mm512_set1_epi8(-128));
  }
  template <int S>
  [[gnu::always_inline]] __m512 scale() const {
    return load_field(tile, 0);
  }
};

// -- blocks of 256 --------------------------------------------------------------------------------

// Q4_K and Q5_K; kernels/formats/k_scales.hpp describes the three pieces of scales.
template <bool FifthBits>
struct KTile {
  static constexpr int kZero = 0;
  const uint8_t* tile;

  [[gnu::always_inline]] __m512i piece(int number) const {
    return load_bytes(tile + 64 + 64 * number);
  }
  template <int J, int G>
  [[gnu::always_inline]] __m512i codes() const {
    const __m512i low = nibbles<J % 2 * 4>(piece((FifthBits ? 11 : 3) + J / 2 * 8 + G));
    if constexpr (FifthBits) return with_high_bits<J>(low, piece(3 + G), 0x10);
    return low;
  }
  // Four 6-bit scales or minimums a lane: H = 0, those of sub-blocks 0...3; 1, of 4...7.
  template <int H, int Piece>
  [[gnu::always_inline]] __m512i six_bits() const {
    const __m512i first = piece(Piece);
    if constexpr (H == 0) return _mm512_and_si512(first, _mm512_set1_epi8(63));
    return with_high_bits<6>(nibbles<Piece * 4>(piece(2)), first, 0x30);
  }
  template <int S>
  [[gnu::always_inline]] __m512 scale() const {
    const __m512i bytes = unsigned_byte<S % 4>(six_bits<S / 4, 0>());
    return _mm512_mul_ps(load_field(tile, 0), _mm512_cvtepi32_ps(bytes));
  }
  template <int S>
  [[gnu::always_inline]] __m512i mins() const {
    return two_bytes<S % 4, S % 4>(six_bits<S / 4, 1>());
  }
  template <int S>
  [[gnu::always_inline]] __m512i min_pair() const {
    return two_bytes<S % 4, S % 4 + 1>(six_bits<S / 4, 1>());
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
  const uint8_t* tile;

  [[gnu::always_inline]] __m512i piece(int number) const {
    return load_bytes(tile + 32 + 64 * number);
  }
  template <int J, int G>
  [[gnu::always_inline]] __m512i codes() const {
    constexpr int kN = J / 4;
    constexpr int kS = J % 4;
    const __m512i low = nibbles<kS / 2 * 4>(piece(4 + 16 * kN + 8 * (kS % 2) + G));
    return with_high_bits<2 * kS>(low, piece(36 + 8 * kN + G), 0x30);
  }
  template <int S>
  [[gnu::always_inline]] __m512 scale() const {
    const __m512i bytes = signed_byte<S % 4>(piece(S / 4));
    return _mm512_mul_ps(load_field(tile, 0), _mm512_cvtepi32_ps(bytes));
  }
};

}  // namespace
}  // namespace minnow::avx512
