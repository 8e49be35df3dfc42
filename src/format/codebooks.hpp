// The codebooks of the non-linear formats: lists of points (IQ1, IQ2, IQ3) and of values (IQ4,
// FP4). They are facts of the formats. A list of points is stored as one bit for each point of a
// small lattice (codebook_*.cpp) and expanded at compile time (lattice.hpp).
#pragma once

#include <bit>
#include <cstdint>

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

// Writes a point's coordinates, negated where `signs` has a bit.
template <int kDims>
void write_signed_point(const std::int8_t (&point)[kDims], unsigned signs, std::int8_t* codes) {
  for (int i = 0; i < kDims; ++i) {
    const int sign = 1 - 2 * static_cast<int>(signs >> i & 1);
    codes[i] = static_cast<std::int8_t>(sign * point[i]);
  }
}

}  // namespace minnow
