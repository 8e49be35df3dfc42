#include "base/checked.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>

namespace minnow {
namespace {

constexpr std::size_t kMax = SIZE_MAX;

TEST(Checked, AddRefusesExactlyWhatDoesNotFit) {
  std::size_t out = 7;
  EXPECT_TRUE(checked_add(kMax - 1, 1, out));
  EXPECT_EQ(out, kMax);
  out = 7;
  EXPECT_FALSE(checked_add(kMax, 1, out));
  EXPECT_FALSE(checked_add(std::size_t{1}, kMax, out));
  EXPECT_EQ(out, 7u);
}

TEST(Checked, MulRefusesExactlyWhatDoesNotFit) {
  std::size_t out = 7;
  EXPECT_TRUE(checked_mul(std::size_t{0}, kMax, out));
  EXPECT_EQ(out, 0u);
  EXPECT_TRUE(checked_mul(kMax, 1, out));
  EXPECT_EQ(out, kMax);
  EXPECT_TRUE(checked_mul(std::size_t{1} << 31, std::size_t{1} << 32, out));
  EXPECT_EQ(out, std::size_t{1} << 63);
  out = 7;
  EXPECT_FALSE(checked_mul(std::size_t{1} << 32, std::size_t{1} << 32, out));
  EXPECT_FALSE(checked_mul(kMax / 2 + 1, 2, out));
  EXPECT_EQ(out, 7u);
}

TEST(Checked, EveryPairOfBytesAgreesWithWideArithmetic) {
  for (unsigned a = 0; a < 256; ++a) {
    for (unsigned b = 0; b < 256; ++b) {
      std::uint8_t out = 0;
      const auto x = static_cast<std::uint8_t>(a);
      const auto y = static_cast<std::uint8_t>(b);
      ASSERT_EQ(checked_add(x, y, out), a + b < 256) << a << ' ' << b;
      ASSERT_EQ(checked_mul(x, y, out), a * b < 256) << a << ' ' << b;
      const unsigned rounded = b == 0 ? 256 : (a + b - 1) / b * b;
      ASSERT_EQ(checked_round_up(x, y, out), rounded < 256) << a << ' ' << b;
      if (rounded < 256) {
        ASSERT_EQ(out, rounded) << a << ' ' << b;
      }
    }
  }
}

TEST(Checked, NarrowKeepsTheValueOrRefuses) {
  std::int32_t narrow = 7;
  EXPECT_TRUE(checked_narrow(std::int64_t{-5}, narrow));
  EXPECT_EQ(narrow, -5);
  EXPECT_FALSE(checked_narrow(std::int64_t{1} << 31, narrow));
  EXPECT_FALSE(checked_narrow(std::uint64_t{0xffffffffu}, narrow));
  EXPECT_EQ(narrow, -5);
  std::uint32_t natural = 7;
  EXPECT_FALSE(checked_narrow(std::int64_t{-1}, natural));
  EXPECT_FALSE(checked_narrow(std::int8_t{-1}, natural));
  EXPECT_TRUE(checked_narrow(std::uint64_t{0xffffffffu}, natural));
  EXPECT_EQ(natural, 0xffffffffu);
  std::uint64_t wide = 7;
  EXPECT_FALSE(checked_narrow(std::int64_t{-1}, wide));
}

TEST(Checked, RangeFitsDoesNotWrap) {
  EXPECT_TRUE(range_fits(std::size_t{10}, std::size_t{0}, std::size_t{10}));
  EXPECT_TRUE(range_fits(std::size_t{0}, std::size_t{10}, std::size_t{10}));
  EXPECT_FALSE(range_fits(std::size_t{1}, std::size_t{10}, std::size_t{10}));
  EXPECT_FALSE(range_fits(kMax, std::size_t{2}, std::size_t{10}));
  EXPECT_FALSE(range_fits(std::size_t{2}, kMax, std::size_t{10}));
}

TEST(Checked, PowersOfTwo) {
  EXPECT_FALSE(is_power_of_two(0u));
  EXPECT_TRUE(is_power_of_two(1u));
  EXPECT_FALSE(is_power_of_two(3u));
  EXPECT_TRUE(is_power_of_two(std::uint64_t{1} << 63));
}

}  // namespace
}  // namespace minnow
