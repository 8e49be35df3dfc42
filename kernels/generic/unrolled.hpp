// unrolled<N>(body): body(Index<0>), ..., body(Index<N - 1>), written out. An array that is indexed
// by these constants only stays in registers, which a loop does not promise.
#pragma once

namespace minnow::generic {

template <int I>
struct Index {
  static constexpr int kValue = I;
  [[gnu::always_inline]] constexpr operator int() const { return I; }
};

template <int N, int I = 0, class Body>
[[gnu::always_inline]] inline void unrolled(const Body& body) {
  if constexpr (I < N) {
    body(Index<I>{});
    unrolled<N, I + 1>(body);
  }
}

}  // namespace minnow::generic
