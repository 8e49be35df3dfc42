// fused_multiply_add: a * b + c rounded once, on every CPU and without libm.
#pragma once

#include <cstdint>

namespace minnow::generic {

// Without an instruction for it: the product of two floats is exact in double; the sum is rounded
// to odd, which keeps the last rounding, to float, from rounding twice (Boldo and Melquiond, 2008).
[[gnu::always_inline]] inline float fused_multiply_add(float a, float b, float c) {
#if defined(__FMA__) || defined(__aarch64__)
  return __builtin_fmaf(a, b, c);
#else
  const double product = static_cast<double>(a) * static_cast<double>(b);
  const double addend = static_cast<double>(c);
  const double sum = product + addend;
  const double part = sum - product;
  const double error = (product - (sum - part)) + (addend - part);
  std::uint64_t bits = __builtin_bit_cast(std::uint64_t, sum);
  // A NaN in error, from infinities and NaNs, compares false: such a sum is left as it is.
  const bool away = (error > 0) == (sum > 0);
  const std::uint64_t to_odd = away ? 1u : ~std::uint64_t{0};
  const bool inexact = (error > 0) | (error < 0);
  bits += (inexact && (bits & 1u) == 0) ? to_odd : 0u;
  return static_cast<float>(__builtin_bit_cast(double, bits));
#endif
}

}  // namespace minnow::generic
