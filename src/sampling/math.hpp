// exp and log of our own, so that no result of sampling depends on a mathematical library.
//
// Plain additions and multiplications in a fixed order (the build forbids fusing them), so every
// compiler and CPU gives the same bits. Nothing here sets errno or raises.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>

namespace minnow {

// The lowest argument that exp_of_range takes: its exponential is the smallest normal float.
inline constexpr float kLowestExponent = -87.336f;

// exp(x) for kLowestExponent <= x <= 0 within 2 ulp. No comparison in it, so that loops over it
// become SIMD code (with the bound inside, gcc 12 made a branch of it: three times slower).
inline float exp_of_range(float x) {
  constexpr float kShift = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
  const float shifted = x * 1.44269504f + kShift;
  const float n = shifted - kShift;
  const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;  // ln 2 in two parts
  float p = 1.0f / 5040;
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  const float e = (r * r) * p + r + 1.0f;
  // The low bits of `shifted` hold n; moved up they are added to the exponent.
  const std::uint32_t scale = std::bit_cast<std::uint32_t>(shifted) << 23;
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(e) + scale);
}

// exp(x) for every x: 0 below about -708, infinity above about 709.
inline double exp_double(double x) {
  if (!(x == x)) return x;
  if (x > 709.7) return std::numeric_limits<double>::infinity();
  if (x < -708.3) return 0.0;
  constexpr double kShift = 6755399441055744.0;  // 1.5 * 2^52
  const double shifted = x * 1.4426950408889634 + kShift;
  const double n = shifted - kShift;
  const double r = (x - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10;
  double e = 1.0;
  for (int k = 14; k >= 1; --k) e = e * r / k + 1.0;
  // In two steps, because n can be 1024.
  const auto half = static_cast<std::int64_t>(n) / 2;
  const auto rest = static_cast<std::int64_t>(n) - half;
  const double a = std::bit_cast<double>(static_cast<std::uint64_t>(1023 + half) << 52);
  const double b = std::bit_cast<double>(static_cast<std::uint64_t>(1023 + rest) << 52);
  return e * a * b;
}

// Natural logarithm: -infinity for 0, NaN for negative numbers.
inline double log_double(double x) {
  if (!(x >= 0)) return std::numeric_limits<double>::quiet_NaN();
  if (x == 0) return -std::numeric_limits<double>::infinity();
  if (x == std::numeric_limits<double>::infinity()) return x;
  int exponent = 0;
  if (x < 2.2250738585072014e-308) {
    x *= 18014398509481984.0;  // 2^54: a subnormal becomes normal
    exponent = -54;
  }
  const auto bits = std::bit_cast<std::uint64_t>(x);
  exponent += static_cast<int>(bits >> 52) - 1023;
  double m = std::bit_cast<double>((bits & 0x000fffffffffffffu) | 0x3ff0000000000000u);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    ++exponent;
  }
  // log m = 2 atanh(s) with |s| <= 0.1716; the first term left out is below 2^-60.
  const double s = (m - 1.0) / (m + 1.0);
  const double z = s * s;
  double sum = 0.0;
  for (int k = 23; k >= 1; k -= 2) sum = sum * z + 1.0 / k;
  return exponent * 6.93147180369123816490e-01 +
         (2.0 * s * sum + exponent * 1.90821492927058770002e-10);
}

// base to the power of exponent, for base > 0.
inline double pow_double(double base, double exponent) {
  return exp_double(exponent * log_double(base));
}

// base to the power of a whole number >= 0, by squaring.
inline double pow_whole(double base, int exponent) {
  double result = 1.0;
  for (; exponent > 0; exponent >>= 1) {
    if (exponent & 1) result *= base;
    base *= base;
  }
  return result;
}

}  // namespace minnow
