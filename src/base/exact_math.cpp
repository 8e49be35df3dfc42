#include "base/exact_math.hpp"

#include <bit>
#include <cstdint>

namespace minnow {

namespace {

constexpr double kLn2High =
    0x1.62e42fee00000p-1;  // 32 bits: products with small integers are exact
constexpr double kLn2Low = 0x1.a39ef35793c76p-33;
constexpr double kTwoOverPi = 0x1.45f306dc9c883p-1;
// pi / 2 in three pieces of 33, 33 and 53 bits: quadrant * piece is exact below 2^20 quadrants, and
// good to 1e-16 far beyond.
constexpr double kHalfPi1 = 0x1.921fb54400000p+0;
constexpr double kHalfPi2 = 0x1.0b4611a600000p-34;
constexpr double kHalfPi3 = 0x1.3198a2e037073p-69;

// 2^n for -1022 <= n <= 1023.
double power_of_two(std::int64_t n) noexcept {
  return std::bit_cast<double>(static_cast<std::uint64_t>(n + 1023) << 52);
}

double nearest_integer(double x) noexcept {
  constexpr double kMagic = 0x1.8p52;  // adding it rounds to the nearest integer, ties to even
  return (x + kMagic) - kMagic;
}

// Sum of c[i] * x^i by Horner's rule.
template <int n>
double polynomial(const double (&c)[n], double x) noexcept {
  double sum = c[n - 1];
  for (int i = n - 2; i >= 0; --i) sum = sum * x + c[i];
  return sum;
}

}  // namespace

double exact_exp(double x) noexcept {
  const double n = nearest_integer(x * 0x1.71547652b82fep+0);
  const double r = (x - n * kLn2High) - n * kLn2Low;  // |r| <= ln 2 / 2
  // Taylor: the first term left out, r^15 / 15!, is below 1e-19.
  static constexpr double kTerms[] = {1.0,
                                      1.0,
                                      1.0 / 2,
                                      1.0 / 6,
                                      1.0 / 24,
                                      1.0 / 120,
                                      1.0 / 720,
                                      1.0 / 5040,
                                      1.0 / 40320,
                                      1.0 / 362880,
                                      1.0 / 3628800,
                                      1.0 / 39916800,
                                      1.0 / 479001600,
                                      1.0 / 6227020800.0,
                                      1.0 / 87178291200.0};
  return polynomial(kTerms, r) * power_of_two(static_cast<std::int64_t>(n));
}

double exact_log(double x) noexcept {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  std::int64_t exponent = static_cast<std::int64_t>((bits >> 52) & 0x7ff) - 1023;
  double m = std::bit_cast<double>((bits & 0xfffffffffffffULL) | 0x3ff0000000000000ULL);
  if (m > 0x1.6a09e667f3bcdp+0) {  // keep m in [sqrt(1/2), sqrt(2)]
    m *= 0.5;
    ++exponent;
  }
  // ln m = 2 atanh(s), s = (m - 1) / (m + 1), |s| < 0.172: s^25 / 25 is below 1e-20.
  const double s = (m - 1.0) / (m + 1.0);
  static constexpr double kTerms[] = {1.0,      1.0 / 3,  1.0 / 5,  1.0 / 7,  1.0 / 9,  1.0 / 11,
                                      1.0 / 13, 1.0 / 15, 1.0 / 17, 1.0 / 19, 1.0 / 21, 1.0 / 23};
  const double log_m = 2.0 * s * polynomial(kTerms, s * s);
  const auto n = static_cast<double>(exponent);
  return n * kLn2High + (log_m + n * kLn2Low);
}

double exact_pow(double base, double exponent) noexcept {
  return exact_exp(exponent * exact_log(base));
}

void exact_sincos(double x, double& sine, double& cosine) noexcept {
  const double quadrant = nearest_integer(x * kTwoOverPi);
  const double r = ((x - quadrant * kHalfPi1) - quadrant * kHalfPi2) - quadrant * kHalfPi3;
  const double z = r * r;  // |r| <= pi / 4
  static constexpr double kSine[] = {1.0,
                                     -1.0 / 6,
                                     1.0 / 120,
                                     -1.0 / 5040,
                                     1.0 / 362880,
                                     -1.0 / 39916800,
                                     1.0 / 6227020800.0,
                                     -1.0 / 1307674368000.0,
                                     1.0 / 355687428096000.0};
  static constexpr double kCosine[] = {1.0,
                                       -1.0 / 2,
                                       1.0 / 24,
                                       -1.0 / 720,
                                       1.0 / 40320,
                                       -1.0 / 3628800,
                                       1.0 / 479001600,
                                       -1.0 / 87178291200.0,
                                       1.0 / 20922789888000.0};
  const double s = r * polynomial(kSine, z);
  const double c = polynomial(kCosine, z);
  switch (static_cast<std::int64_t>(quadrant) & 3) {
    case 0:
      sine = s, cosine = c;
      break;
    case 1:
      sine = c, cosine = -s;
      break;
    case 2:
      sine = -s, cosine = -c;
      break;
    default:
      sine = -c, cosine = s;
      break;
  }
}

}  // namespace minnow
