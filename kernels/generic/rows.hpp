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

// Fewer than 16 elements. L only gives the function internal linkage.
template <class L, class Element>
[[gnu::noinline]] void copy_last(const Element* x, std::int64_t n, Element* y) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = x[i];
}

// y[i] = function(x[i], ...); y may be one of the rows x. One loop with no question in it (asked in
// every step, GELU took a half longer), which the last elements pass in a copy: two loops were
// twice the bytes.
template <class L, class From, class To, class Function, class... Rows>
[[gnu::always_inline]] inline void map_rows(std::int64_t n, To* y, const Function& function,
                                            Rows... x) {
  From last[sizeof...(Rows)][16] = {};
  To results[16];
  const std::int64_t n_last = n % 16;
  std::int64_t end = n - n_last;
  for (To* out = y;; out = results, end = 16) {
    for (std::int64_t i = 0; i < end; i += 16) function(L::load(x + i)...).store(out + i);
    if (out == results) return copy_last<L>(results, n_last, y);
    if (n_last == 0) return;
    int row = 0;
    ((copy_last<L>(x + end, n_last, last[row]), x = last[row++]), ...);
    y += end;
  }
}

template <class L, class From, class To, class Function>
[[gnu::always_inline]] inline void map(const From* x, std::int64_t n, To* y,
                                       const Function& function) {
  map_rows<L, From>(n, y, function, x);
}

template <class L, class Function>
[[gnu::always_inline]] inline void map(const float* a, const float* b, std::int64_t n, float* y,
                                       const Function& function) {
  map_rows<L, float>(n, y, function, a, b);
}

// The value in the first n lanes, +0 in the others.
template <class L>
[[gnu::always_inline]] inline L first_lanes(L value, int n) {
  constexpr float kIndices[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const auto inside = L::less(L::load(kIndices), L::set(static_cast<float>(n)));
  return L::select(inside, value, L::set(0.0f));
}

}  // namespace minnow::generic
