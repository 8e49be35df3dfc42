// Angles of rotary embedding against the C library's functions in double, and the ways a context is
// stretched against their published definitions.
#include "ops/rope_table.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace minnow {
namespace {

std::vector<float> frequencies(int n_rot, float base, const RopeScaling& scaling = {},
                               const std::vector<float>& factors = {}) {
  std::vector<float> result(static_cast<std::size_t>(n_rot / 2));
  rope_frequencies(n_rot, base, scaling, factors, result.data());
  return result;
}

TEST(RopeTable, HasTheFrequenciesOfThePaper) {
  for (const float base : {10000.0f, 500000.0f, 1000000.0f}) {
    for (const int n_rot : {2, 8, 64, 128, 256}) {
      const std::vector<float> actual = frequencies(n_rot, base);
      for (int i = 0; i < n_rot / 2; ++i) {
        const double expected = std::pow(static_cast<double>(base), -2.0 * i / n_rot);
        ASSERT_NEAR(actual[static_cast<std::size_t>(i)], expected, 3e-7 * expected) << i;
      }
    }
  }
}

TEST(RopeTable, StretchesLinearly) {
  RopeScaling scaling;
  scaling.kind = RopeScaling::Kind::kLinear;
  scaling.factor = 4.0f;
  const std::vector<float> plain = frequencies(64, 10000.0f);
  const std::vector<float> stretched = frequencies(64, 10000.0f, scaling);
  for (std::size_t i = 0; i < plain.size(); ++i) EXPECT_EQ(stretched[i], plain[i] / 4.0f);
}

TEST(RopeTable, DividesByTheFilesFactors) {
  std::vector<float> factors(32);
  for (std::size_t i = 0; i < factors.size(); ++i) factors[i] = 1.0f + static_cast<float>(i);
  const std::vector<float> plain = frequencies(64, 500000.0f);
  const std::vector<float> divided = frequencies(64, 500000.0f, {}, factors);
  for (std::size_t i = 0; i < plain.size(); ++i)
    EXPECT_NEAR(divided[i], plain[i] / factors[i], 1e-7 * plain[i]);
}

// YaRN keeps the frequencies that turn often, divides those that turn seldom, and goes from one to
// the other without a step back.
TEST(RopeTable, StretchesByYarnOnlyWhatTurnsSeldom) {
  RopeScaling scaling;
  scaling.kind = RopeScaling::Kind::kYarn;
  scaling.factor = 8.0f;
  scaling.original_context = 4096.0f;
  const std::vector<float> plain = frequencies(128, 10000.0f);
  const std::vector<float> stretched = frequencies(128, 10000.0f, scaling);
  double before = 1.0;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const double ratio = static_cast<double>(stretched[i]) / plain[i];
    const double turns = 4096.0 * plain[i] / (2 * M_PI);
    if (turns > 40) {
      EXPECT_NEAR(ratio, 1.0, 1e-6) << i;
    }
    if (turns < 0.7) {
      EXPECT_NEAR(ratio, 1.0 / 8, 1e-6) << i;
    }
    EXPECT_LE(ratio, before + 1e-6) << i;
    before = ratio;
  }
  EXPECT_NEAR(before, 1.0 / 8, 1e-6);
}

TEST(RopeTable, HasTheSinesOfItsAngles) {
  const std::vector<float> some = frequencies(64, 10000.0f);
  for (const std::int64_t first : {0, 1, 511, 100000, 16777210}) {
    std::vector<float> cos(3 * 32), sin(3 * 32);
    rope_angles(some, 1.5f, first, 3, cos.data(), sin.data());
    for (std::size_t p = 0; p < 3; ++p) {
      for (std::size_t i = 0; i < 32; ++i) {
        const double angle = static_cast<double>(first + static_cast<std::int64_t>(p)) * some[i];
        ASSERT_NEAR(cos[p * 32 + i], 1.5 * std::cos(angle), 2e-7) << first << " " << i;
        ASSERT_NEAR(sin[p * 32 + i], 1.5 * std::sin(angle), 2e-7) << first << " " << i;
      }
    }
  }
}

}  // namespace
}  // namespace minnow
