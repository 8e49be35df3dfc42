// The codebooks of the non-linear formats: lists of points (IQ1, IQ2, IQ3) and of values (IQ4,
// FP4). They are facts of the formats. A list of points is stored as one bit for each point of a
// small lattice (codebook_*.cpp) and expanded at compile time (lattice.hpp).
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace minnow {

template <int kPoints, int kDims>
struct Points {
  std::int8_t at[kPoints][kDims];
};

extern const Points<2048, 8> kIq1Points;    // -8, 0, 8: eighths, so that code = point ± 1
extern const Points<256, 8> kIq2XxsPoints;  // 8, 25, 43
extern const Points<512, 8> kIq2XsPoints;   // 8, 25, 43
extern const Points<1024, 8> kIq2SPoints;   // 8, 25, 43
extern const Points<256, 4> kIq3XxsPoints;  // 4, 12, 20, 28, 36, 44, 52, 62
extern const Points<512, 4> kIq3SPoints;    // 1, 3, 5, 7, 9, 11, 13, 15

// IQ4_NL and IQ4_XS.
inline constexpr std::int8_t kIq4Values[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                               1,    13,   25,  38,  53,  69,  89,  113};
// E2M1 times two: MXFP4 and NVFP4. Index 8 is the format's negative zero, here zero.
inline constexpr std::int8_t kFp4Values[16] = {0, 1,  2,  3,  4,  6,  8,  12,
                                               0, -1, -2, -3, -4, -6, -8, -12};

// The signs of a point, one bit a coordinate, from the seven bits that IQ2_XXS, IQ2_XS and IQ3_XXS
// store: the eighth makes their number even.
constexpr unsigned even_signs(unsigned seven_bits) {
  return seven_bits | static_cast<unsigned>(std::popcount(seven_bits) & 1) << 7;
}

// Writes eight coordinates, all at least 1, negated where `signs` has a bit. Eight bytes at a time:
// one by one, the IQ2 and IQ3 decoders ran at half the speed or less.
inline void write_signed(std::uint64_t coordinates, unsigned signs, std::int8_t* codes) {
  constexpr std::uint64_t kEach = 0x0101010101010101u;
  const std::uint64_t spread = (signs * kEach) & 0x8040201008040201u;   // byte i keeps bit i
  const std::uint64_t negative = (spread + 0x7f * kEach) >> 7 & kEach;  // 1 or 0 in each byte
  const std::uint64_t mask = negative * 0xff;
  const std::uint64_t result = (coordinates ^ mask) + negative;  // never carries: ~x is not 0xff
  std::memcpy(codes, &result, sizeof result);
}

inline void write_signed_point(const std::int8_t (&point)[8], unsigned signs, std::int8_t* codes) {
  std::uint64_t coordinates;
  std::memcpy(&coordinates, point, sizeof coordinates);
  write_signed(coordinates, signs, codes);
}

// The same for two points of four dimensions; the first has the low four signs.
inline void write_signed_pair(const std::int8_t (&first)[4], const std::int8_t (&second)[4],
                              unsigned signs, std::int8_t* codes) {
  std::uint32_t low;
  std::uint32_t high;
  std::memcpy(&low, first, sizeof low);
  std::memcpy(&high, second, sizeof high);
  write_signed(low | static_cast<std::uint64_t>(high) << 32, signs, codes);
}

}  // namespace minnow
