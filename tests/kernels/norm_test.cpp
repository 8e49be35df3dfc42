// RMS norm and layer norm: the rule, the same bits in every table, accuracy.
#include <cmath>

#include "support/kernel_cases.hpp"

namespace minnow {
namespace {

using namespace testing_support;

constexpr float kEps = 1e-6f;

// The lane sum of arithmetic.md, term by term.
template <class Term>
float lane_sum(std::int64_t n, const Term& term) {
  float lanes[16] = {};
  for (std::int64_t i = 0; i < n; ++i) lanes[i % 16] = term(i, lanes[i % 16]);
  for (const int half : {8, 4, 2, 1}) {
    for (int i = 0; i < half; ++i) lanes[i] = lanes[i] + lanes[i + half];
  }
  return lanes[0];
}

TEST(RmsNorm, FollowsTheRuleInEveryTable) {
  for (const std::int64_t n : kLengths) {
    if (n == 0) continue;
    const std::size_t size = static_cast<std::size_t>(n);
    const Guarded<float> x = random_floats(size, 11, 3.0f, true);
    const Guarded<float> weight = random_floats(size, 12);
    const float sum =
        lane_sum(n, [&](std::int64_t i, float acc) { return std::fma(x[i], x[i], acc); });
    const float r = 1.0f / std::sqrt(sum / static_cast<float>(n) + kEps);
    Guarded<float> want(size), plain(size);
    for (std::size_t i = 0; i < size; ++i) {
      plain[i] = x[i] * r;
      want[i] = plain[i] * weight[i];
    }
    for (const KernelTable* table : all_tables()) {
      SCOPED_TRACE(table->name);
      Guarded<float> y(size), in_place = x;
      table->rms_norm(x.data(), weight.data(), n, kEps, y.data());
      EXPECT_TRUE(same_bits(y, want)) << n;
      table->rms_norm(in_place.data(), weight.data(), n, kEps, in_place.data());
      EXPECT_TRUE(same_bits(in_place, want)) << n;
      table->rms_norm(x.data(), nullptr, n, kEps, y.data());
      EXPECT_TRUE(same_bits(y, plain)) << n;
    }
  }
}

TEST(LayerNorm, FollowsTheRuleInEveryTable) {
  for (const std::int64_t n : kLengths) {
    if (n == 0) continue;
    const std::size_t size = static_cast<std::size_t>(n);
    const Guarded<float> x = random_floats(size, 13, 3.0f, true);
    const Guarded<float> weight = random_floats(size, 14);
    const Guarded<float> bias = random_floats(size, 15);
    const float mean =
        lane_sum(n, [&](std::int64_t i, float acc) { return acc + x[i]; }) / static_cast<float>(n);
    const float squares = lane_sum(
        n, [&](std::int64_t i, float acc) { return std::fma(x[i] - mean, x[i] - mean, acc); });
    const float r = 1.0f / std::sqrt(squares / static_cast<float>(n) + kEps);
    for (const bool weighted : {false, true}) {
      for (const bool biased : {false, true}) {
        Guarded<float> want(size);
        for (std::size_t i = 0; i < size; ++i) {
          const float value = (x[i] - mean) * r;
          const float w = weighted ? weight[i] : 1.0f;
          want[i] = biased ? std::fma(value, w, bias[i]) : value * w;
        }
        for (const KernelTable* table : all_tables()) {
          SCOPED_TRACE(table->name);
          Guarded<float> y = x;
          table->layer_norm(y.data(), weighted ? weight.data() : nullptr,
                            biased ? bias.data() : nullptr, n, kEps, y.data());
          EXPECT_TRUE(same_bits(y, want)) << n;
        }
      }
    }
  }
}

TEST(RmsNorm, IsAccurate) {
  const std::int64_t n = 2048;
  const Guarded<float> x = random_floats(n, 16, 30.0f);
  Guarded<float> y(n);
  kScalarTable.rms_norm(x.data(), nullptr, n, kEps, y.data());
  double squares = 0;
  for (const float value : x) squares += static_cast<double>(value) * value;
  const double r = 1 / std::sqrt(squares / n + kEps);
  // 128 roundings in a lane, halved by the root, and four more.
  for (std::int64_t i = 0; i < n; ++i)
    EXPECT_NEAR(y[i], x[i] * r, std::fabs(x[i] * r) * 70 * 0x1p-24);
}

TEST(LayerNorm, IsAccurateFarFromZero) {
  const std::int64_t n = 2048;
  Guarded<float> x = random_floats(n, 17);
  for (float& value : x) value += 100;
  Guarded<float> y(n);
  kScalarTable.layer_norm(x.data(), nullptr, nullptr, n, kEps, y.data());
  double mean = 0, squares = 0;
  for (const float value : x) mean += value;
  mean /= n;
  for (const float value : x) squares += (value - mean) * (value - mean);
  const double r = 1 / std::sqrt(squares / n + kEps);
  // The mean is off by some units of 100; the rest is small.
  for (std::int64_t i = 0; i < n; ++i) EXPECT_NEAR(y[i], (x[i] - mean) * r, 100 * 0x1p-20);
}

}  // namespace
}  // namespace minnow
