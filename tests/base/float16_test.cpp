#include "base/float16.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

namespace minnow {
namespace {

std::uint32_t bits_of(float value) {
  return std::bit_cast<std::uint32_t>(value);
}

// The value of a half by its definition, in float64 (exact).
double half_by_definition(std::uint16_t half) {
  const double sign = (half & 0x8000) != 0 ? -1 : 1;
  const int exponent = (half >> 10) & 31;
  const int fraction = half & 0x3ff;
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(1024 + fraction, exponent - 25);
}

TEST(Float16, EveryHalfHasItsValueAndComesBack) {
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = float16_to_float32(half);
    if ((half & 0x7c00) == 0x7c00) {
      EXPECT_EQ(std::isnan(value), (half & 0x3ff) != 0);
      EXPECT_EQ(std::isinf(value), (half & 0x3ff) == 0);
      EXPECT_EQ(std::signbit(value), (half & 0x8000) != 0);
      const auto quiet = static_cast<std::uint16_t>((half & 0x3ff) != 0 ? half | 0x200 : half);
      ASSERT_EQ(float32_to_float16(value), quiet) << std::hex << bits;
      continue;
    }
    ASSERT_EQ(static_cast<double>(value), half_by_definition(half)) << std::hex << bits;
    ASSERT_EQ(std::signbit(value), (half & 0x8000) != 0);
    ASSERT_EQ(float32_to_float16(value), half) << std::hex << bits;
  }
}

// Between two neighbouring halves: below the middle goes down, above it up, the middle to even.
TEST(Float16, RoundsToNearestEvenAtEveryBoundary) {
  for (std::uint32_t bits = 0; bits < 0x7c00; ++bits) {
    const double low = half_by_definition(static_cast<std::uint16_t>(bits));
    const double high =
        bits == 0x7bff ? 65536.0 : half_by_definition(static_cast<std::uint16_t>(bits + 1));
    const auto middle = static_cast<float>((low + high) / 2);  // exact: one more bit than a half
    const auto even = static_cast<std::uint16_t>(bits + (bits & 1));
    for (const std::uint16_t sign : {std::uint16_t{0}, std::uint16_t{0x8000}}) {
      const float s = sign == 0 ? 1.0f : -1.0f;
      ASSERT_EQ(float32_to_float16(s * middle), sign | even) << std::hex << bits;
      ASSERT_EQ(float32_to_float16(s * std::nextafterf(middle, 0.0f)), sign | bits)
          << std::hex << bits;
      ASSERT_EQ(float32_to_float16(s * std::nextafterf(middle, 1e9f)), sign | (bits + 1))
          << std::hex << bits;
    }
  }
}

TEST(Float16, KeepsInfinitiesAndNans) {
  EXPECT_EQ(float32_to_float16(INFINITY), 0x7c00);
  EXPECT_EQ(float32_to_float16(-INFINITY), 0xfc00);
  EXPECT_EQ(float32_to_float16(3.4e38f), 0x7c00);
  EXPECT_EQ(float32_to_float16(65519.996f), 0x7bff);
  EXPECT_EQ(float32_to_float16(std::bit_cast<float>(0x7f800001u)), 0x7e00);
  EXPECT_EQ(float32_to_float16(std::bit_cast<float>(0xffffffffu)), 0xffff);
  EXPECT_EQ(float32_to_float16(1e-45f), 0x0000);
  EXPECT_EQ(float32_to_float16(-1e-45f), 0x8000);
}

#if defined(__x86_64__) && defined(__FLT16_MAX__)
// The compiler's own type, where it has one.
TEST(Float16, AgreesWithTheCompilersType) {
  std::mt19937 random(1);
  for (int i = 0; i < 1000000; ++i) {
    const auto bits = static_cast<std::uint32_t>(random());
    const float value = std::bit_cast<float>(bits);
    if (std::isnan(value)) continue;
    const _Float16 theirs = static_cast<_Float16>(value);
    ASSERT_EQ(float32_to_float16(value), std::bit_cast<std::uint16_t>(theirs)) << std::hex << bits;
    const auto half = static_cast<std::uint16_t>(bits);
    if ((half & 0x7c00) == 0x7c00) continue;
    ASSERT_EQ(bits_of(float16_to_float32(half)),
              bits_of(static_cast<float>(std::bit_cast<_Float16>(half))));
  }
}
#endif

TEST(Bfloat16, EveryValueComesBack) {
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const auto narrow = static_cast<std::uint16_t>(bits);
    const float value = bfloat16_to_float32(narrow);
    ASSERT_EQ(bits_of(value), bits << 16);
    const auto expected = static_cast<std::uint16_t>(std::isnan(value) ? narrow | 0x40 : narrow);
    ASSERT_EQ(float32_to_bfloat16(value), expected) << std::hex << bits;
  }
}

TEST(Bfloat16, RoundsToNearestEvenAtEveryBoundary) {
  for (std::uint32_t bits = 0; bits < 0x7f80; ++bits) {
    const std::uint32_t low = bits << 16;
    EXPECT_EQ(float32_to_bfloat16(std::bit_cast<float>(low | 0x7fffu)), bits);
    EXPECT_EQ(float32_to_bfloat16(std::bit_cast<float>(low | 0x8000u)), bits + (bits & 1));
    EXPECT_EQ(float32_to_bfloat16(std::bit_cast<float>(low | 0x8001u)), bits + 1);
    EXPECT_EQ(float32_to_bfloat16(std::bit_cast<float>(0x80000000u | low | 0x8001u)),
              0x8000u | (bits + 1));
  }
  EXPECT_EQ(float32_to_bfloat16(INFINITY), 0x7f80);
  EXPECT_EQ(float32_to_bfloat16(std::bit_cast<float>(0x7f800001u)), 0x7fc0);
}

static_assert(float16_to_float32(0x3c00) == 1.0f && float32_to_float16(1.0f) == 0x3c00);
static_assert(bfloat16_to_float32(0x3f80) == 1.0f && float32_to_bfloat16(-2.0f) == 0xc000);

}  // namespace
}  // namespace minnow
