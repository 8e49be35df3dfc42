// Rotary embedding: both styles, the rule term by term, every table, every length of a head.
#include <cmath>

#include "support/kernel_cases.hpp"

namespace minnow {
namespace {

using namespace testing_support;

constexpr std::int32_t kRotations[] = {0,  2,  4,  8,  14, 16, 18,  20, 24,
                                       30, 32, 34, 64, 80, 96, 128, 256};

struct Angles {
  explicit Angles(std::int32_t n_rot)
      : cos(static_cast<std::size_t>(n_rot / 2)), sin(static_cast<std::size_t>(n_rot / 2)) {
    for (std::size_t i = 0; i < cos.size(); ++i) {
      const double angle = 17 * std::pow(10000.0, -2.0 * static_cast<double>(i) / n_rot);
      cos[i] = static_cast<float>(std::cos(angle));
      sin[i] = static_cast<float>(std::sin(angle));
    }
  }
  Guarded<float> cos, sin;
};

// Where the two numbers of pair i lie.
std::size_t first_of(RopeStyle style, std::size_t i) {
  return style == RopeStyle::kInterleaved ? 2 * i : i;
}
std::size_t second_of(RopeStyle style, std::size_t i, std::size_t n_pairs) {
  return style == RopeStyle::kInterleaved ? 2 * i + 1 : i + n_pairs;
}

TEST(Rope, FollowsTheRuleInEveryTable) {
  for (const RopeStyle style : {RopeStyle::kInterleaved, RopeStyle::kHalves}) {
    for (const std::int32_t n_rot : kRotations) {
      const Angles angles(n_rot);
      const std::size_t n_pairs = angles.cos.size();
      const Guarded<float> x = random_floats(2 * n_pairs, 31, 2.0f, true);
      Guarded<float> want(2 * n_pairs);
      for (std::size_t i = 0; i < n_pairs; ++i) {
        const std::size_t first = first_of(style, i), second = second_of(style, i, n_pairs);
        const float c = angles.cos[i], s = angles.sin[i];
        want[first] = std::fma(x[first], c, -(x[second] * s));
        want[second] = std::fma(x[second], c, x[first] * s);
      }
      for (const KernelTable* table : all_tables()) {
        SCOPED_TRACE(table->name);
        Guarded<float> y = x;
        table->rope(y.data(), angles.cos.data(), angles.sin.data(), n_rot, style);
        EXPECT_TRUE(same_bits(y, want)) << n_rot;
      }
    }
  }
}

TEST(Rope, KeepsLengthsOfPairs) {
  const Angles angles(64);
  for (const RopeStyle style : {RopeStyle::kInterleaved, RopeStyle::kHalves}) {
    const Guarded<float> x = random_floats(64, 32);
    Guarded<float> y = x;
    kScalarTable.rope(y.data(), angles.cos.data(), angles.sin.data(), 64, style);
    for (std::size_t i = 0; i < 32; ++i) {
      const std::size_t first = first_of(style, i), second = second_of(style, i, 32);
      const double before = std::hypot(x[first], x[second]);
      EXPECT_NEAR(std::hypot(y[first], y[second]), before, before * 4 * 0x1p-24);
    }
  }
}

TEST(Rope, LeavesTheHeadAloneWithoutAStyle) {
  const Angles angles(64);
  for (const KernelTable* table : all_tables()) {
    SCOPED_TRACE(table->name);
    const Guarded<float> x = random_floats(64, 33);
    Guarded<float> y = x;
    table->rope(y.data(), angles.cos.data(), angles.sin.data(), 64, RopeStyle::kNone);
    EXPECT_TRUE(same_bits(y, x));
  }
}

}  // namespace
}  // namespace minnow
