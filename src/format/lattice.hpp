// Expands a set of lattice points, one bit each, to the list of their coordinates.
//
// The lattice is {0, ..., n - 1}^kDims for n values; a point's number has its first coordinate as
// the lowest digit to the base n. The list is in ascending order of numbers, which is the order
// that the formats' indices count in.
#pragma once

#include <bit>
#include <cstdint>

#include "format/codebooks.hpp"

namespace minnow {

template <int kWords>
constexpr int count_points(const std::uint64_t (&set)[kWords]) {
  int n = 0;
  for (const std::uint64_t word : set) n += std::popcount(word);
  return n;
}

// `set` must hold exactly kPoints points.
template <int kPoints, int kDims, int kWords, int kValues>
constexpr Points<kPoints, kDims> expand_points(const std::uint64_t (&set)[kWords],
                                               const std::int8_t (&values)[kValues]) {
  Points<kPoints, kDims> points{};
  int n = 0;
  for (int word = 0; word < kWords; ++word) {
    for (std::uint64_t bits = set[word]; bits != 0; bits &= bits - 1, ++n) {
      int digits = word * 64 + std::countr_zero(bits);
      for (int i = 0; i < kDims; ++i, digits /= kValues) points.at[n][i] = values[digits % kValues];
    }
  }
  return points;
}

}  // namespace minnow
