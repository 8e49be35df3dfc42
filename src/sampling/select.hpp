// Choosing from an unordered array by mass, in linear time.
#pragma once

#include <algorithm>
#include <cstdint>

#include "sampling/candidates.hpp"

namespace minnow {

// Moves the shortest prefix of the order `before` whose mass is at least `target` to the front, its
// last element at its end, and returns its length; n if all together have less. The rest of the
// prefix is unordered. Halves the range with nth_element and sums one half, so the cost is that of
// a few passes; never a full sort.
template <class Before>
size_t prefix_of_mass(Candidate* data, size_t n, std::uint64_t target, Before before) {
  constexpr size_t kSmall = 32;
  size_t low = 0;
  size_t high = n;
  std::uint64_t below = 0;  // mass of [0, low)
  while (high - low > kSmall) {
    const size_t middle = low + (high - low) / 2;
    std::nth_element(data + low, data + middle, data + high, before);
    std::uint64_t mass = 0;
    for (size_t i = low; i < middle; ++i) mass += mass_of(data[i]);
    if (below + mass >= target) {
      high = middle;
    } else {
      below += mass;
      low = middle;
    }
  }
  std::sort(data + low, data + high, before);
  for (size_t i = low; i < high; ++i) {
    below += mass_of(data[i]);
    if (below >= target) return i + 1;
  }
  return high;
}

}  // namespace minnow
