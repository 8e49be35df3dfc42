// Philox 4x32-10 against the known answers that the authors publish with Random123.
#include "sampling/philox.hpp"

#include <gtest/gtest.h>

namespace minnow {
namespace {

using Words = std::array<std::uint32_t, 4>;

TEST(Philox, GivesThePublishedAnswers) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}),
            (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, DependsOnSeedPositionAndPurpose) {
  const std::uint64_t bits = random_bits(1, 2, 3);
  EXPECT_EQ(bits, random_bits(1, 2, 3));
  EXPECT_NE(bits, random_bits(1 + (std::uint64_t{1} << 32), 2, 3));
  EXPECT_NE(bits, random_bits(1, 2 + (std::uint64_t{1} << 32), 3));
  EXPECT_NE(bits, random_bits(1, 2, 4));
}

TEST(ScaleBits, IsTheHighHalfOfTheProduct) {
  EXPECT_EQ(scale_bits(~std::uint64_t{0}, 10), 9u);
  EXPECT_EQ(scale_bits(0, ~std::uint64_t{0}), 0u);
  EXPECT_EQ(scale_bits(std::uint64_t{1} << 63, 7), 3u);
  EXPECT_EQ(scale_bits(~std::uint64_t{0}, ~std::uint64_t{0}), ~std::uint64_t{0} - 1);
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const std::uint64_t a = random_bits(i, 0, 0);
    const std::uint64_t b = random_bits(i, 1, 0);
    __extension__ using Wide = unsigned __int128;
    EXPECT_EQ(scale_bits(a, b), static_cast<std::uint64_t>(static_cast<Wide>(a) * b >> 64));
  }
}

TEST(UnitInterval, StaysBelowOne) {
  EXPECT_EQ(unit_interval(0), 0.0);
  EXPECT_LT(unit_interval(~std::uint64_t{0}), 1.0);
}

}  // namespace
}  // namespace minnow
