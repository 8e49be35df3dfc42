// RMS norm and layer norm of one row. Sums run in sixteen lanes, element i in lane i mod 16, and
// end in Lanes16's fixed tree. n is positive.
#pragma once

#include <cstdint>

#include "kernels/generic/rows.hpp"

namespace minnow::generic {

// 1 / sqrt(sum / n + eps).
[[gnu::always_inline]] inline float inverse_deviation(float sum, std::int64_t n, float eps) {
  return 1.0f / __builtin_sqrtf(sum / static_cast<float>(n) + eps);
}

template <class L>
void rms_norm(const float* x, const float* weight, std::int64_t n, float eps, float* y) {
  L squares = L::set(0.0f);
  for_steps(
      n, [&](std::int64_t i, int lanes) __attribute__((always_inline)) {
        const L value = load_step<L>(x + i, lanes);
        squares = L::fma(value, value, squares);
      });
  const L r = L::set(inverse_deviation(L::sum_lanes(squares), n, eps));
  if (weight == nullptr) {
    map<L>(
        x, n, y, [&](L value) __attribute__((always_inline)) { return value * r; });
  } else {
    map<L>(
        x, weight, n,
        y, [&](L value, L w) __attribute__((always_inline)) { return (value * r) * w; });
  }
}

// Without a weight nothing is multiplied, without a bias nothing added.
template <class L>
void layer_norm(const float* x, const float* weight, const float* bias, std::int64_t n, float eps,
                float* y) {
  L sum = L::set(0.0f);
  for_steps(
      n, [&](std::int64_t i, int lanes)
             __attribute__((always_inline)) { sum = sum + load_step<L>(x + i, lanes); });
  const L mean = L::set(L::sum_lanes(sum) / static_cast<float>(n));
  L squares = L::set(0.0f);
  for_steps(
      n, [&](std::int64_t i, int lanes) __attribute__((always_inline)) {
        L value = load_step<L>(x + i, lanes) - mean;
        if (lanes < 16) value = first_lanes(value, lanes);
        squares = L::fma(value, value, squares);
      });
  const L r = L::set(inverse_deviation(L::sum_lanes(squares), n, eps));
  for_steps(
      n, [&](std::int64_t i, int lanes) __attribute__((always_inline)) {
        L value = (load_step<L>(x + i, lanes) - mean) * r;
        const L w = weight != nullptr ? load_step<L>(weight + i, lanes) : L::set(1.0f);
        if (bias != nullptr) {
          value = L::fma(value, w, load_step<L>(bias + i, lanes));
        } else {
          value = value * w;
        }
        store_step<L>(value, y + i, lanes);
      });
}

}  // namespace minnow::generic
