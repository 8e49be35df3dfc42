// Elementary functions in float64 from additions, multiplications and divisions only, so that every
// platform gives the same bits. Their errors are a few units of 1e-16, far below the float32 that
// results are rounded to. For tables made at start-up and per batch, not for inner loops.
#pragma once

namespace minnow {

double exact_exp(double x) noexcept;                      // |x| < 700
double exact_log(double x) noexcept;                      // x > 0, finite
double exact_pow(double base, double exponent) noexcept;  // base > 0
// Sine and cosine together; |x| below 2^31.
void exact_sincos(double x, double& sine, double& cosine) noexcept;

}  // namespace minnow
