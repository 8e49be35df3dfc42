// Activations of one row, gated or not.
#pragma once

#include <cstdint>

#include "kernels/api/kernel_table.hpp"
#include "kernels/generic/functions.hpp"
#include "kernels/generic/rows.hpp"

namespace minnow::generic {

struct Silu {
  template <class L>
  [[gnu::always_inline]] static inline L of(L x) {
    return x / (L::set(1.0f) + exp(L::set(0.0f) - x));
  }
};

// x / 2 (1 + tanh u) with u = sqrt(2 / pi) (x + 0.044715 x^3), written as x / (1 + exp(-2 u)): the
// same function, which costs no tanh and keeps its accuracy where 1 + tanh u cancels.
struct GeluTanh {
  template <class L>
  [[gnu::always_inline]] static inline L of(L x) {
    constexpr float kLinear = -1.59576912f;   // -2 sqrt(2 / pi)
    constexpr float kCubic = -0.0713548163f;  // 0.044715 of it
    const L u = x * L::fma(x * x, L::set(kCubic), L::set(kLinear));
    return x / (L::set(1.0f) + exp(u));
  }
};

struct GeluErf {
  template <class L>
  [[gnu::always_inline]] static inline L of(L x) {
    const L half = x * L::set(0.5f);
    return L::fma(half, erf(x * L::set(0.707106769f)), half);
  }
};

struct Relu {  // a NaN and a negative zero stay
  template <class L>
  [[gnu::always_inline]] static inline L of(L x) {
    return L::max(L::set(0.0f), x);
  }
};

struct ReluSquared {
  template <class L>
  [[gnu::always_inline]] static inline L of(L x) {
    const L positive = Relu::of(x);
    return positive * positive;
  }
};

template <class L, class Function>
void activate_as(const float* gate, const float* up, std::int64_t n, float* y) {
  if (up == nullptr) {
    map<L>(
        gate, n, y, [](L g) __attribute__((always_inline)) { return Function::of(g); });
  } else {
    map<L>(
        gate, up, n, y,
        [](L g, L u) __attribute__((always_inline)) { return Function::of(g) * u; });
  }
}

template <class L>
void activate(Activation activation, const float* gate, const float* up, std::int64_t n, float* y) {
  switch (activation) {
    case Activation::kSilu:
      return activate_as<L, Silu>(gate, up, n, y);
    case Activation::kGeluTanh:
      return activate_as<L, GeluTanh>(gate, up, n, y);
    case Activation::kGeluErf:
      return activate_as<L, GeluErf>(gate, up, n, y);
    case Activation::kRelu:
      return activate_as<L, Relu>(gate, up, n, y);
    case Activation::kReluSquared:
      return activate_as<L, ReluSquared>(gate, up, n, y);
  }
}

}  // namespace minnow::generic
