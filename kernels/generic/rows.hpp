// Walks a row of n floats in steps of sixteen lanes; the last step may be short.
#pragma once

#include <cstdint>

namespace minnow::generic {

// step(i, n): n lanes at element i. One loop, where every step asks whether it is full: the last
// one apart from it would be the whole body a second time.
template <class Step>
[[gnu::always_inline]] inline void for_steps(std::int64_t n, const Step& step) {
  for (std::int64_t i = 0; i < n; i += 16) step(i, n - i < 16 ? static_cast<int>(n - i) : 16);
}

template <class L, class Element>
[[gnu::always_inline]] inline L load_step(const Element* x, int n) {
  return n == 16 ? L::load(x) : L::load_first(x, n);
}

template <class L, class Element>
[[gnu::always_inline]] inline void store_step(L value, Element* y, int n) {
  if (n == 16) {
    value.store(y);
  } else {
    value.store_first(y, n);
  }
}

// y[i] = function(x[i]); y may be x.
template <class L, class From, class To, class Function>
[[gnu::always_inline]] inline void map(const From* x, std::int64_t n, To* y,
                                       const Function& function) {
  for_steps(
      n, [&](std::int64_t i, int lanes) __attribute__((always_inline)) {
        store_step<L>(function(load_step<L>(x + i, lanes)), y + i, lanes);
      });
}

// y[i] = function(a[i], b[i]); y may be a or b.
template <class L, class Function>
[[gnu::always_inline]] inline void map(const float* a, const float* b, std::int64_t n, float* y,
                                       const Function& function) {
  for_steps(
      n, [&](std::int64_t i, int lanes) __attribute__((always_inline)) {
        const L left = load_step<L>(a + i, lanes);
        store_step<L>(function(left, load_step<L>(b + i, lanes)), y + i, lanes);
      });
}

// The value in the first n lanes, +0 in the others.
template <class L>
[[gnu::always_inline]] inline L first_lanes(L value, int n) {
  constexpr float kIndices[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const auto inside = L::less(L::load(kIndices), L::set(static_cast<float>(n)));
  return L::select(inside, value, L::set(0.0f));
}

}  // namespace minnow::generic
