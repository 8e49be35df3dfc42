// Our exp and log against the library's in double and long double.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "sampling/blocks.hpp"
#include "sampling/math.hpp"
#include "sampling_oracle.hpp"

namespace minnow {
namespace {

TEST(ExpOfRange, IsWithinTwoUlp) {
  double worst = 0;
  for (float x = 0.0f; x > kLowestExponent; x = x * 1.0001f - 1e-5f) {
    const double exact = std::exp(static_cast<double>(x));
    const double ulp = std::ldexp(1.0, std::ilogb(exact) - 23);
    worst = std::max(worst, std::abs(exp_of_range(x) - exact) / ulp);
  }
  EXPECT_LE(worst, 2.0);
  EXPECT_EQ(exp_of_range(0.0f), 1.0f);
}

TEST(Mass, IsWholeMonotoneAndZeroFarAway) {
  EXPECT_EQ(mass_of_difference(0.0f), 0x1p40);
  EXPECT_EQ(mass_of_difference(-29.0f), 0.0);
  EXPECT_EQ(mass_of_difference(-1e30f), 0.0);
  EXPECT_EQ(mass_of_difference(-std::numeric_limits<float>::infinity()), 0.0);
  for (float x = 0.0f; x > -30.0f; x -= 0.01f) {
    const double mass = mass_of_difference(x);
    EXPECT_EQ(mass, std::floor(mass));
    EXPECT_EQ(static_cast<double>(static_cast<float>(mass / kMassOne)) * kMassOne, mass);
  }
}

TEST(ExpDouble, AgreesWithTheLibrary) {
  for (double x = -708; x < 709; x += 0.37) {
    EXPECT_NEAR(exp_double(x) / std::exp(x), 1.0, 4e-16 * (1 + std::abs(x) / 8)) << x;
  }
  EXPECT_EQ(exp_double(0), 1.0);
  EXPECT_EQ(exp_double(-800), 0.0);
  EXPECT_EQ(exp_double(800), std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(exp_double(std::nan(""))));
}

TEST(LogDouble, AgreesWithTheLibrary) {
  for (double x = 1e-310; x < 1e308; x *= 1.7) {
    EXPECT_NEAR(log_double(x), std::log(x), 4e-16 * (1 + std::abs(std::log(x)))) << x;
  }
  for (double x = 0.5; x < 2; x += 0.001) EXPECT_NEAR(log_double(x), std::log(x), 3e-16) << x;
  EXPECT_EQ(log_double(1), 0.0);
  EXPECT_EQ(log_double(0), -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(log_double(-1)));
}

TEST(PowWhole, IsThePower) {
  EXPECT_EQ(pow_whole(1.75, 0), 1.0);
  EXPECT_EQ(pow_whole(1.75, 3), 1.75 * 1.75 * 1.75);
  EXPECT_NEAR(pow_whole(1.1, 100) / std::pow(1.1, 100), 1.0, 1e-13);
}

TEST(Block, BestAndMassAreThoseOfTheScalarLoop) {
  const auto x = testing_sampling::random_logits(kBlock, 4.0f, 3);
  const float best = *std::max_element(x.begin(), x.end());
  EXPECT_EQ(best_of_block(x.data()).best, best);
  for (const float divisor : {1.0f, 0.7f}) {
    double mass = 0;
    for (const float v : x) mass += mass_of_difference(v / divisor - best / divisor);
    EXPECT_EQ(mass_of_block(x.data(), best / divisor, divisor), static_cast<std::uint64_t>(mass));
  }
}

}  // namespace
}  // namespace minnow
