// Elementwise kernels: the rule, the same bits in every table, accuracy against double.
#include <cmath>
#include <functional>
#include <limits>

#include "support/kernel_cases.hpp"

namespace minnow {
namespace {

using namespace testing_support;

constexpr Activation kActivations[] = {Activation::kSilu, Activation::kGeluTanh,
                                       Activation::kGeluErf, Activation::kRelu,
                                       Activation::kReluSquared};

TEST(Elementwise, FollowsTheRuleInEveryTable) {
  const float factor = -1.7f;
  for (const std::int64_t n : kLengths) {
    const std::size_t size = static_cast<std::size_t>(n);
    const Guarded<float> a = random_floats(size, 21, 2.0f, true);
    const Guarded<float> b = random_floats(size, 22, 2.0f, true);
    Guarded<float> sum(size), product(size), scaled(size), accumulated(size);
    for (std::size_t i = 0; i < size; ++i) {
      sum[i] = a[i] + b[i];
      product[i] = a[i] * b[i];
      scaled[i] = a[i] * factor;
      accumulated[i] = std::fma(factor, a[i], b[i]);
    }
    for (const KernelTable* table : all_tables()) {
      SCOPED_TRACE(table->name);
      Guarded<float> y(size), left = a, right = b;
      table->add(a.data(), b.data(), n, y.data());
      EXPECT_TRUE(same_bits(y, sum)) << n;
      table->multiply(a.data(), b.data(), n, y.data());
      EXPECT_TRUE(same_bits(y, product)) << n;
      table->add(left.data(), b.data(), n, left.data());
      EXPECT_TRUE(same_bits(left, sum)) << n;
      table->multiply(a.data(), right.data(), n, right.data());
      EXPECT_TRUE(same_bits(right, product)) << n;
      left = a;
      table->scale(left.data(), factor, n, left.data());
      EXPECT_TRUE(same_bits(left, scaled)) << n;
      right = b;
      table->multiply_add(a.data(), factor, n, right.data());
      EXPECT_TRUE(same_bits(right, accumulated)) << n;
    }
  }
}

TEST(Softcap, IsTheSameInEveryTableAndAccurate) {
  for (const std::int64_t n : kLengths) {
    const std::size_t size = static_cast<std::size_t>(n);
    const Guarded<float> x = random_floats(size, 23, 60.0f, true);
    Guarded<float> want(size);
    kScalarTable.softcap(x.data(), 30.0f, n, want.data());
    for (std::size_t i = 0; i < size; ++i) {
      const double exact = 30 * std::tanh(static_cast<double>(x[i]) / 30);
      EXPECT_NEAR(want[i], exact, std::fabs(exact) * 4 * 0x1p-23);
    }
    for (const KernelTable* table : other_tables()) {
      SCOPED_TRACE(table->name);
      Guarded<float> got = x;
      table->softcap(got.data(), 30.0f, n, got.data());
      EXPECT_TRUE(same_bits(got, want)) << n;
    }
  }
}

double exact_activation(Activation activation, double x) {
  switch (activation) {
    case Activation::kSilu:
      return x / (1 + std::exp(-x));
    case Activation::kGeluTanh: {
      const double u = std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x);
      return x / (1 + std::exp(-2 * u));
    }
    case Activation::kGeluErf:
      return 0.5 * x * std::erfc(-x / std::sqrt(2.0));
    case Activation::kRelu:
      return x > 0 ? x : 0;
    case Activation::kReluSquared:
      return x > 0 ? x * x : 0;
  }
  return 0;
}

TEST(Activate, IsAccurate) {
  Guarded<float> x(40'000), y(40'000);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i) * 1e-3f - 20;
  for (const Activation activation : kActivations) {
    kScalarTable.activate(activation, x.data(), nullptr, 40'000, y.data());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double exact = exact_activation(activation, x[i]);
      // exp's argument is rounded: its relative error is the argument times half a unit. The form
      // with erf cancels below zero, where the function is small. Where exp overflows, the result
      // is zero.
      const double relative =
          std::fabs(exact) * (4 + 2 * std::fabs(x[i]) * (1 + x[i] * x[i] * 0.05));
      const double absolute = activation == Activation::kGeluErf ? std::fabs(x[i]) : 0;
      ASSERT_NEAR(y[i], exact, (relative + absolute) * 0x1p-23 + std::fabs(x[i]) * 0x1p-127)
          << x[i];
    }
  }
}

TEST(Activate, IsTheSameInEveryTableGatedAndNot) {
  for (const Activation activation : kActivations) {
    for (const std::int64_t n : kLengths) {
      const std::size_t size = static_cast<std::size_t>(n);
      const Guarded<float> gate = random_floats(size, 24, 3.0f, true);
      const Guarded<float> up = random_floats(size, 25);
      Guarded<float> alone(size), gated(size);
      kScalarTable.activate(activation, gate.data(), nullptr, n, alone.data());
      kScalarTable.activate(activation, gate.data(), up.data(), n, gated.data());
      for (std::size_t i = 0; i < size; ++i) EXPECT_EQ(gated[i], alone[i] * up[i]);
      for (const KernelTable* table : other_tables()) {
        SCOPED_TRACE(table->name);
        Guarded<float> y(size), over_gate = gate, over_up = up;
        table->activate(activation, gate.data(), nullptr, n, y.data());
        EXPECT_TRUE(same_bits(y, alone)) << n;
        table->activate(activation, over_gate.data(), up.data(), n, over_gate.data());
        EXPECT_TRUE(same_bits(over_gate, gated)) << n;
        table->activate(activation, gate.data(), over_up.data(), n, over_up.data());
        EXPECT_TRUE(same_bits(over_up, gated)) << n;
      }
    }
  }
}

TEST(Activate, TakesAnyBitsAlikeInEveryTable) {
  const Guarded<float> gate = random_bits(100'003, 26);
  const std::int64_t n = static_cast<std::int64_t>(gate.size());
  for (const Activation activation : kActivations) {
    Guarded<float> want(gate.size()), got(gate.size());
    kScalarTable.activate(activation, gate.data(), nullptr, n, want.data());
    for (const KernelTable* table : other_tables()) {
      SCOPED_TRACE(table->name);
      table->activate(activation, gate.data(), nullptr, n, got.data());
      EXPECT_TRUE(same_bits(got, want));
    }
  }
}

TEST(Activate, KeepsNanAndLimits) {
  const float infinity = std::numeric_limits<float>::infinity();
  const Guarded<float> x(std::vector<float>{infinity, -1000, 1000, std::nanf("")});
  for (const KernelTable* table : all_tables()) {
    SCOPED_TRACE(table->name);
    for (const Activation activation : kActivations) {
      Guarded<float> y(4);
      table->activate(activation, x.data(), nullptr, 4, y.data());
      EXPECT_EQ(y[0], infinity);
      EXPECT_EQ(y[1], 0);
      EXPECT_EQ(y[2], activation == Activation::kReluSquared ? 1e6f : 1000.0f);
      EXPECT_TRUE(std::isnan(y[3]));
    }
  }
}

}  // namespace
}  // namespace minnow
