// Quantised activations: the same bytes from every table, near the input, exact sums.
#include <gtest/gtest.h>

#include <limits>

#include "support/integer_cases.hpp"

namespace minnow {
namespace {

using namespace testing_support;

struct Quantized {
  explicit Quantized(std::int64_t n, int x_group)
      : codes(static_cast<std::size_t>(n)),
        scales(static_cast<std::size_t>((n + x_group - 1) / x_group)),
        sums(static_cast<std::size_t>((n + 15) / 16)) {}
  Guarded<std::int8_t> codes;
  Guarded<float> scales;
  Guarded<std::int16_t> sums;
};

Quantized quantize(const KernelTable& table, const Guarded<float>& x, int x_group) {
  Quantized result(static_cast<std::int64_t>(x.size()), x_group);
  EXPECT_TRUE(table.quantize(x.data(), static_cast<std::int64_t>(x.size()), x_group,
                             result.codes.data(), result.scales.data(), result.sums.data()));
  return result;
}

void expect_same(const Guarded<float>& x, const std::string& what) {
  for (int x_group : {32, 128}) {
    const Quantized expected = quantize(kScalarTable, x, x_group);
    for (const KernelTable* table : other_tables()) {
      const Quantized q = quantize(*table, x, x_group);
      EXPECT_TRUE(std::equal(q.codes.begin(), q.codes.end(), expected.codes.begin()))
          << table->name << " " << what;
      EXPECT_TRUE(std::equal(q.sums.begin(), q.sums.end(), expected.sums.begin()))
          << table->name << " " << what;
      EXPECT_TRUE(same_bits(q.scales, expected.scales)) << table->name << " " << what;
    }
  }
}

TEST(Quantize, IsTheSameInEveryTable) {
  for (std::size_t n : {1, 5, 15, 16, 17, 31, 32, 33, 48, 127, 128, 129, 160, 300, 896}) {
    expect_same(random_floats(n, 7, 3.0f, true), std::to_string(n) + " normal");
    for (float size : {0x1p-149f, 0x1p-126f, 0x1p-101f, 0x1p-100f, 0x1p-99f, 0x1p127f}) {
      Guarded<float> x = random_floats(n, 8);
      for (float& value : x) value = std::clamp(value, -1.9f, 1.9f) * size;
      expect_same(x, std::to_string(n) + " times " + std::to_string(std::log2(size)));
    }
    expect_same(Guarded<float>(n), std::to_string(n) + " zeros");
  }
}

TEST(Quantize, RoundsTiesToEven) {
  Guarded<float> x(32);
  for (std::size_t i = 0; i < 32; ++i) x[i] = static_cast<float>(i) - 15.5f;
  x[0] = 127.0f;  // so that a code is the rounded value
  const Quantized q = quantize(kScalarTable, x, 32);
  EXPECT_EQ(q.scales[0], 1.0f);
  EXPECT_EQ(q.codes[0], 127);
  for (std::size_t i = 1; i < 32; ++i) {
    EXPECT_EQ(static_cast<float>(q.codes[i]), std::nearbyint(x[i])) << i;
    EXPECT_EQ(q.codes[i] % 2, 0) << i;
  }
  expect_same(x, "ties");
}

TEST(Quantize, IsWithinHalfAStep) {
  for (const KernelTable* table : all_tables()) {
    for (int x_group : {32, 128}) {
      const Guarded<float> x = random_floats(1000, 9);
      const Quantized q = quantize(*table, x, x_group);
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double step = static_cast<double>(q.scales[i / static_cast<std::size_t>(x_group)]);
        // 127 times the few roundings of a and 127 / a, beside the half step itself.
        EXPECT_NEAR(static_cast<double>(x[i]), q.codes[i] * step, step * (0.5 + 127 * 0x1p-22));
        EXPECT_GE(q.codes[i], -127);
      }
      for (std::size_t i = 0; i < q.sums.size(); ++i) {
        int sum = 0;
        for (std::size_t j = 16 * i; j < std::min<std::size_t>(16 * i + 16, x.size()); ++j) {
          sum += q.codes[j];
        }
        EXPECT_EQ(q.sums[i], sum);
      }
    }
  }
}

TEST(Quantize, GivesZerosBelowItsRange) {
  for (const KernelTable* table : all_tables()) {
    Guarded<float> x(40);
    for (float& value : x) value = -0x1.8p-101f;
    const Quantized q = quantize(*table, x, 32);
    for (std::int8_t code : q.codes) EXPECT_EQ(code, 0);
    for (float scale : q.scales) EXPECT_EQ(bits_of(scale), 0u);
    for (std::int16_t sum : q.sums) EXPECT_EQ(sum, 0);
  }
}

TEST(Quantize, RefusesWhatIsNotFinite) {
  for (const KernelTable* table : all_tables()) {
    for (float bad :
         {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(),
          std::numeric_limits<float>::quiet_NaN()}) {
      for (std::size_t where : {0u, 15u, 31u, 40u, 130u, 136u}) {
        for (int x_group : {32, 128}) {
          Guarded<float> x = random_floats(137, 10);
          x[where] = bad;
          Quantized q(137, x_group);
          EXPECT_FALSE(table->quantize(x.data(), 137, x_group, q.codes.data(), q.scales.data(),
                                       q.sums.data()))
              << table->name << " " << where;
        }
      }
    }
  }
}

}  // namespace
}  // namespace minnow
