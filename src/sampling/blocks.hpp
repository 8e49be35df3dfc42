// Sums and maxima over one block of logits, written so that compilers make SIMD code of them: loops
// of constant length over arrays, each folding the upper half onto the lower one. (Running
// accumulators over 16 lanes were tried first; gcc 12 unrolls such a loop and leaves scalar code,
// three times slower.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "sampling/math.hpp"

namespace minnow {

inline constexpr size_t kBlock = 256;  // logits

inline constexpr double kMassOne = 0x1p40;  // the mass of the best candidate

// An exponential in units of 2^-40, rounded to even; a whole number in a double.
inline double round_to_mass(float exponential) {
  constexpr double kRound = 0x1p52;
  return (static_cast<double>(exponential) * kMassOne + kRound) - kRound;
}

// The mass of a logit that is this far (<= 0, may be -infinity) from the best one.
inline double mass_of_difference(float difference) {
  return round_to_mass(exp_of_range(difference > kLowestExponent ? difference : kLowestExponent));
}

// Folds [2 * half] values to 1 with `join`.
template <size_t half, class Number, class Join>
inline Number fold(Number* x, Join join) {
  for (size_t i = 0; i < half; ++i) x[i] = join(x[i], x[i + half]);
  if constexpr (half > 1) {
    return fold<half / 2>(x, join);
  } else {
    return x[0];
  }
}

// The best of a block, and the sum, which is NaN if one of the values is (but also if infinities of
// both signs meet: a NaN asks for a closer look, nothing else does).
struct BlockBest {
  float best;
  float sum;
};
inline BlockBest best_of_block(const float* x) {
  constexpr size_t kHalf = kBlock / 2;
  float best[kHalf];
  float sum[kHalf];
  for (size_t i = 0; i < kHalf; ++i) {
    best[i] = x[i] > x[i + kHalf] ? x[i] : x[i + kHalf];
    sum[i] = x[i] + x[i + kHalf];
  }
  return {fold<kHalf / 2>(best, [](float a, float b) { return a > b ? a : b; }),
          fold<kHalf / 2>(sum, [](float a, float b) { return a + b; })};
}

// The mass of a block whose values are to be divided, relative to `best`. The terms are whole
// numbers and their sum is below 2^49, so the doubles are exact in any order.
inline std::uint64_t mass_of_block(const float* x, float best, float divisor) {
  float t[kBlock];
  double mass[kBlock];
  for (size_t i = 0; i < kBlock; ++i) {
    const float difference = x[i] / divisor - best;
    t[i] = difference > kLowestExponent ? difference : kLowestExponent;
  }
  for (size_t i = 0; i < kBlock; ++i) t[i] = exp_of_range(t[i]);
  for (size_t i = 0; i < kBlock; ++i) mass[i] = round_to_mass(t[i]);
  return static_cast<std::uint64_t>(
      fold<kBlock / 2>(mass, [](double a, double b) { return a + b; }));
}

// Count of the block's values that are not excluded (-infinity), and the sums of (value - middle)
// and of its square over them. The tree of additions is fixed.
struct BlockSums {
  double n, sum, squares;
};
inline BlockSums sums_of_block(const float* x, float divisor, double middle) {
  constexpr float kNever = -std::numeric_limits<float>::infinity();
  float finite[kBlock];
  float counts[kBlock];
  double sum[kBlock];
  double squares[kBlock];
  for (size_t i = 0; i < kBlock; ++i) {
    const float value = x[i] / divisor;
    counts[i] = value > kNever ? 1.0f : 0.0f;
    finite[i] = value > kNever ? value : 0.0f;
  }
  for (size_t i = 0; i < kBlock; ++i) {
    sum[i] = finite[i] - middle * counts[i];
    squares[i] = sum[i] * sum[i];
  }
  const auto add = [](auto a, auto b) { return a + b; };
  return {fold<kBlock / 2>(counts, add), fold<kBlock / 2>(sum, add),
          fold<kBlock / 2>(squares, add)};
}

}  // namespace minnow
