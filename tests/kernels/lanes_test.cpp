// The vector that every float kernel stands on: exact fma without an instruction, max, 16-bit
// floats, the tree of sums.
#include <cmath>
#include <limits>

#include "kernels/generic/lanes16_scalar.hpp"
#include "kernels/generic/scalar_fma.hpp"
#include "support/kernel_cases.hpp"

namespace minnow {
namespace {

using namespace testing_support;

struct Test;
using Lanes = generic::Lanes16Scalar<Test>;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(ScalarFma, EqualsTheCorrectlyRoundedOneForAnyBits) {
  const Guarded<float> values = random_bits(3 * 2'000'000, 1);
  for (std::size_t i = 0; i < values.size(); i += 3) {
    const float a = values[i], b = values[i + 1], c = values[i + 2];
    ASSERT_TRUE(same_bits(generic::fused_multiply_add(a, b, c), std::fma(a, b, c)))
        << std::hexfloat << a << " " << b << " " << c;
  }
}

TEST(ScalarFma, RoundsOnceWhereTheSumIsClose) {
  // c near -a * b or near half a unit of it: what rounding twice gets wrong.
  std::mt19937 engine(2);
  std::uniform_int_distribution<int> exponent(-150, 120);
  std::uniform_real_distribution<float> mantissa(1.0f, 2.0f);
  for (int i = 0; i < 2'000'000; ++i) {
    const float a = mantissa(engine), b = std::ldexp(mantissa(engine), exponent(engine));
    const float c = i % 2 == 0 ? -a * b : std::ldexp(a * b, static_cast<int>(engine() % 52) - 26);
    ASSERT_TRUE(same_bits(generic::fused_multiply_add(a, b, c), std::fma(a, b, c)))
        << std::hexfloat << a << " " << b << " " << c;
  }
}

TEST(Lanes16, MaxTakesTheSecondUnlessTheFirstIsGreater) {
  const auto max = [](float a, float b) {
    return Lanes::max(Lanes::set(a), Lanes::set(b)).lane[3];
  };
  EXPECT_EQ(max(1, 2), 2);
  EXPECT_EQ(max(2, 1), 2);
  EXPECT_EQ(bits_of(max(0.0f, -0.0f)), bits_of(-0.0f));
  EXPECT_EQ(bits_of(max(-0.0f, 0.0f)), bits_of(0.0f));
  EXPECT_EQ(max(kNan, 1), 1);
  EXPECT_TRUE(std::isnan(max(1, kNan)));
}

TEST(Lanes16, MaxIsTheSameInEveryTable) {
  // relu is max(0, x): a NaN and a negative zero stay.
  const Guarded<float> x(std::vector<float>{-1, 1, 0.0f, -0.0f, kNan, kInfinity, -kInfinity, 2});
  for (const KernelTable* table : all_tables()) {
    SCOPED_TRACE(table->name);
    Guarded<float> y(x.size());
    table->activate(Activation::kRelu, x.data(), nullptr, static_cast<std::int64_t>(x.size()),
                    y.data());
    const Guarded<float> want(std::vector<float>{0, 1, 0.0f, -0.0f, kNan, kInfinity, 0, 2});
    EXPECT_TRUE(same_bits(y, want));
  }
}

TEST(Lanes16, SumsInAFixedTree) {
  Lanes lanes;
  for (int i = 0; i < 16; ++i) lanes.lane[i] = std::ldexp(1.0f, 3 * i % 25) + 1.0f / (i + 1);
  float level[16];
  std::memcpy(level, lanes.lane, sizeof level);
  for (const int half : {8, 4, 2, 1}) {
    for (int i = 0; i < half; ++i) level[i] = level[i] + level[i + half];
  }
  EXPECT_EQ(Lanes::sum_lanes(lanes), level[0]);
}

// -- float16 --------------------------------------------------------------------------------------

double half_value(unsigned half) {
  const unsigned exponent = half >> 10 & 31, mantissa = half & 1023;
  const double magnitude = exponent == 0
                               ? std::ldexp(mantissa, -24)
                               : std::ldexp(mantissa + 1024, static_cast<int>(exponent) - 25);
  return half & 0x8000 ? -magnitude : magnitude;
}

TEST(Half, EveryValueWidensExactlyInEveryTable) {
  Guarded<std::uint16_t> x(65536);
  for (unsigned i = 0; i < 65536; ++i) x[i] = static_cast<std::uint16_t>(i);
  for (const KernelTable* table : all_tables()) {
    SCOPED_TRACE(table->name);
    Guarded<float> y(65536);
    table->from_half(x.data(), 65536, y.data());
    Guarded<std::uint16_t> back(65536);
    table->to_half(y.data(), 65536, back.data());
    for (unsigned i = 0; i < 65536; ++i) {
      const bool finite = (i & 0x7c00) != 0x7c00;
      if (finite) {
        ASSERT_EQ(static_cast<double>(y[i]), half_value(i)) << i;
        ASSERT_EQ(std::signbit(y[i]), i >= 0x8000) << i;
      } else if ((i & 0x3ff) == 0) {
        ASSERT_EQ(y[i], i & 0x8000 ? -kInfinity : kInfinity);
      } else {
        ASSERT_TRUE(std::isnan(y[i])) << i;
      }
      const unsigned quiet = (i & 0x7fff) > 0x7c00 ? i | 0x200 : i;
      ASSERT_EQ(back[i], quiet) << i;
    }
  }
}

TEST(Half, RoundsToNearestEvenAtEveryMidpoint) {
  // Between neighbours a < b: the midpoint goes to the even one, one unit beside it to the nearer.
  std::vector<float> x;
  std::vector<std::uint16_t> want;
  for (unsigned half = 0; half < 0x7c00; ++half) {
    const double low = half_value(half);
    const double high = half + 1 < 0x7c00 ? half_value(half + 1) : 65536.0;
    const float middle = static_cast<float>((low + high) / 2);
    const unsigned even = half % 2 == 0 ? half : half + 1;
    for (const float sign : {1.0f, -1.0f}) {
      const unsigned bit = sign < 0 ? 0x8000 : 0;
      x.push_back(sign * std::nextafter(middle, 0.0f));
      want.push_back(static_cast<std::uint16_t>(half | bit));
      x.push_back(sign * middle);
      want.push_back(static_cast<std::uint16_t>(even | bit));
      x.push_back(sign * std::nextafter(middle, kInfinity));
      want.push_back(static_cast<std::uint16_t>((half + 1) | bit));
    }
  }
  for (const KernelTable* table : all_tables()) {
    SCOPED_TRACE(table->name);
    std::vector<std::uint16_t> y(x.size());
    table->to_half(x.data(), static_cast<std::int64_t>(x.size()), y.data());
    for (std::size_t i = 0; i < x.size(); ++i) {
      ASSERT_EQ(y[i], want[i]) << std::hexfloat << x[i];
    }
  }
}

TEST(Half, EveryTableConvertsAnyBitsAndLengthsAlike) {
  for (const KernelTable* table : other_tables()) {
    SCOPED_TRACE(table->name);
    for (const std::int64_t n : kLengths) {
      const Guarded<float> x = random_bits(static_cast<std::size_t>(n), 7);
      Guarded<std::uint16_t> want(x.size()), got(x.size());
      kScalarTable.to_half(x.data(), n, want.data());
      table->to_half(x.data(), n, got.data());
      EXPECT_TRUE(std::equal(want.begin(), want.end(), got.begin())) << n;
      Guarded<float> wide(x.size()), wide_want(x.size());
      kScalarTable.from_half(want.data(), n, wide_want.data());
      table->from_half(want.data(), n, wide.data());
      EXPECT_TRUE(same_bits(wide, wide_want)) << n;
    }
  }
}

// -- limits of the machine ------------------------------------------------------------------------

TEST(Limits, ReadAndFmaCountWhatTheyDid) {
  std::vector<std::uint64_t> words(1024 / 8 * 3 + 8, 1);
  void* start = words.data();
  std::size_t space = words.size() * 8;
  ASSERT_NE(std::align(64, 3072, start, space), nullptr);
  for (const KernelTable* table : all_tables()) {
    SCOPED_TRACE(table->name);
    EXPECT_EQ(table->read_bytes(start, 3072), 3072u / 8);
    EXPECT_GE(table->float_peak(1000), 1000);
    EXPECT_EQ(table->float_peak(2000), 2 * table->float_peak(1000));
  }
}

}  // namespace
}  // namespace minnow
