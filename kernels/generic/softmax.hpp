// Sums of exponentials: the routers' softmax, log-probabilities' sum_exp, and the joining of
// attention chunks.
#pragma once

#include <cstdint>

#include "kernels/generic/functions.hpp"
#include "kernels/generic/rows.hpp"
#include "kernels/generic/scalar_fma.hpp"

namespace minnow::generic {

// exp of one number, as lane 0 of the vector function.
template <class L>
[[gnu::always_inline]] inline float exp_of(float x) {
  float result = 0;
  exp(L::set(x)).store_first(&result, 1);
  return result;
}

template <class L>
float sum_exp(const float* x, std::int64_t n, float max) {
  const L origin = L::set(max);
  L sum = L::set(0.0f);
  for_steps(
      n, [&](std::int64_t i, int lanes) __attribute__((always_inline)) {
        L term = exp(load_step<L>(x + i, lanes) - origin);
        if (lanes < 16) term = first_lanes(term, lanes);
        sum = sum + term;
      });
  return L::sum_lanes(sum);
}

template <class L>
float largest(const float* x, std::int64_t n) {
  L result = L::set(-__builtin_inff());
  for_steps(
      n, [&](std::int64_t i, int lanes) __attribute__((always_inline)) {
        L value = load_step<L>(x + i, lanes);
        // Lanes beyond the end repeat what is there: they must not win over negative numbers.
        if (lanes < 16) {
          constexpr float kIndices[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
          const auto inside = L::less(L::load(kIndices), L::set(static_cast<float>(lanes)));
          value = L::select(inside, value, result);
        }
        result = L::max(value, result);
      });
  return L::max_lanes(result);
}

template <class L>
void softmax(float* x, std::int64_t n) {
  const float max = largest<L>(x, n);
  const L origin = L::set(max);
  map<L>(
      x, n, x, [&](L value) __attribute__((always_inline)) { return exp(value - origin); });
  L sum = L::set(0.0f);
  for_steps(
      n, [&](std::int64_t i, int lanes)
             __attribute__((always_inline)) { sum = sum + load_step<L>(x + i, lanes); });
  const L total = L::set(L::sum_lanes(sum));
  map<L>(
      x, n, x, [&](L value) __attribute__((always_inline)) { return value / total; });
}

template <class L>
void merge(float* max1, float* sum1, float* out1, const float* max2, const float* sum2,
           const float* out2, std::int32_t value_dim) {
  const float none = -__builtin_inff();
  if (*max2 == none) return;
  if (*max1 == none) {
    *max1 = *max2;
    *sum1 = *sum2;
    map<L>(
        out2, value_dim, out1, [](L value) __attribute__((always_inline)) { return value; });
    return;
  }
  const float max = *max1 > *max2 ? *max1 : *max2;
  const float e1 = exp_of<L>(*max1 - max);
  const float e2 = exp_of<L>(*max2 - max);
  const L factor1 = L::set(e1);
  const L factor2 = L::set(e2);
  *max1 = max;
  *sum1 = fused_multiply_add(*sum1, e1, *sum2 * e2);
  map<L>(
      out1, out2, value_dim, out1, [&](L one, L two) __attribute__((always_inline)) {
        return L::fma(one, factor1, two * factor2);
      });
}

template <class L>
void finish(const float* out, float sum, std::int32_t value_dim, float* y) {
  const L total = L::set(sum);
  if (sum == 0.0f) {
    map<L>(
        out, value_dim, y, [](L) __attribute__((always_inline)) { return L::set(0.0f); });
  } else {
    map<L>(
        out, value_dim, y, [&](L value) __attribute__((always_inline)) { return value / total; });
  }
}

}  // namespace minnow::generic
