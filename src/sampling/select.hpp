// Choosing from an unordered array by mass, in linear time.
#pragma once

#include <algorithm>
#include <cstdint>

#include "sampling/candidates.hpp"

namespace minnow {

// Narrows [0, *high) to a range [*low, *high) in which the running mass passes `target`, by a
// histogram over key(candidate) >= 0, which must not decrease along the order. Adds the mass of [0,
// *low) to *below. Two passes over the data; most distributions leave a few hundred candidates.
template <class Key>
void narrow_by_histogram(Candidate* data, std::uint64_t target, Key key, size_t* low, size_t* high,
                         std::uint64_t* below) {
  constexpr int kBuckets = 512;
  constexpr double kPerUnit = 16.0;  // buckets for each unit of the key: 32 nats in all
  const auto bucket_of = [key](const Candidate& c) {
    const double scaled = key(c) * kPerUnit;
    return scaled < kBuckets - 1 ? static_cast<int>(scaled) : kBuckets - 1;
  };
  std::uint64_t mass[kBuckets] = {};
  for (size_t i = 0; i < *high; ++i) mass[bucket_of(data[i])] += mass_of(data[i]);
  int bucket = 0;
  while (bucket < kBuckets - 1 && *below + mass[bucket] < target) *below += mass[bucket++];
  Candidate* const first =
      std::partition(data, data + *high, [&](const Candidate& c) { return bucket_of(c) < bucket; });
  Candidate* const last = std::partition(
      first, data + *high, [&](const Candidate& c) { return bucket_of(c) == bucket; });
  *low = static_cast<size_t>(first - data);
  *high = static_cast<size_t>(last - data);
}

// Moves the shortest prefix of the order `before` whose mass is at least `target` to the front, its
// last element at its end, and returns its length; n if all together have less. The rest of the
// prefix is unordered. What the histogram leaves is halved with nth_element, summing one half, so
// the cost is that of a few passes; never a full sort.
template <class Before, class Key>
size_t prefix_of_mass(Candidate* data, size_t n, std::uint64_t target, Before before, Key key) {
  constexpr size_t kSmall = 32;
  constexpr size_t kWorthHistogram = 1024;
  size_t low = 0;
  size_t high = n;
  std::uint64_t below = 0;  // mass of [0, low)
  if (n >= kWorthHistogram) narrow_by_histogram(data, target, key, &low, &high, &below);
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
