// What the tests of kernels share: the tables that this CPU runs, seeded numbers, and equality of
// bits.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <span>
#include <vector>

#include "base/cpu_features.hpp"
#include "kernels/api/kernel_table.hpp"
#include "kernels/api/resolver.hpp"
#include "support/guarded.hpp"

namespace minnow::testing_support {

// Every table of this build that this CPU runs, without the scalar one, which defines them.
inline std::vector<const KernelTable*> other_tables() {
  const std::uint64_t mask = detect_cpu_features().mask;
  const KernelTables all = kernel_tables();
  std::vector<const KernelTable*> result;
  for (int i = 0; i < all.n_tables; ++i) {
    if (all.tables[i] != &kScalarTable && can_run(*all.tables[i], mask)) {
      result.push_back(all.tables[i]);
    }
  }
  return result;
}

inline std::vector<const KernelTable*> all_tables() {
  std::vector<const KernelTable*> result = other_tables();
  result.push_back(&kScalarTable);
  return result;
}

// Lengths around the width of sixteen lanes.
inline const std::vector<std::int64_t> kLengths = {0,  1,  2,  3,  7,  8,   9,   15,  16,
                                                   17, 24, 31, 32, 33, 127, 128, 129, 640};

// n normally distributed numbers from a seed, every 17th a negative zero when asked for.
inline Guarded<float> random_floats(std::size_t n, unsigned seed, float deviation = 1.0f,
                                    bool zeros = false) {
  std::mt19937 engine(seed);
  std::normal_distribution<float> normal(0.0f, deviation);
  Guarded<float> result(n);
  for (std::size_t i = 0; i < n; ++i) {
    result[i] = zeros && i % 17 == 5 ? -0.0f : normal(engine);
  }
  return result;
}

// Any bit patterns: subnormals, infinities and NaNs included.
inline Guarded<float> random_bits(std::size_t n, unsigned seed) {
  std::mt19937 engine(seed);
  Guarded<float> result(n);
  for (float& value : result) {
    const std::uint32_t bits = static_cast<std::uint32_t>(engine());
    std::memcpy(&value, &bits, sizeof value);
  }
  return result;
}

inline std::uint32_t bits_of(float value) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

// The same bits; any NaN equals any other, since which one an operation gives is not defined.
inline bool same_bits(float a, float b) {
  return bits_of(a) == bits_of(b) || (std::isnan(a) && std::isnan(b));
}

inline ::testing::AssertionResult same_bits(std::span<const float> a, std::span<const float> b) {
  if (a.size() != b.size()) return ::testing::AssertionFailure() << "lengths differ";
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!same_bits(a[i], b[i])) {
      return ::testing::AssertionFailure() << "element " << i << " of " << a.size() << ": "
                                           << std::hexfloat << a[i] << " and " << b[i];
    }
  }
  return ::testing::AssertionSuccess();
}

inline ::testing::AssertionResult same_bits(const Guarded<float>& a, const Guarded<float>& b) {
  return same_bits(a.span(), b.span());
}

}  // namespace minnow::testing_support
