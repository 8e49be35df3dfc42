// exp, tanh, erf, log: accuracy over the whole range, values at the edges, the same bits in every
// table; and the sums of exponentials.
#include <cmath>
#include <limits>

#include "kernels/generic/functions.hpp"
#include "kernels/generic/lanes16_scalar.hpp"
#include "support/kernel_cases.hpp"

namespace minnow {
namespace {

using namespace testing_support;

struct Test;
using Lanes = generic::Lanes16Scalar<Test>;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

float float_of(std::uint32_t bits) {
  float value = 0;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// Distance in units of the last place of the exact value. A wrong zero, infinity or NaN is a
// million.
double error_in_ulp(float got, long double want) {
  if (std::isnan(want) || std::isnan(got)) return std::isnan(want) && std::isnan(got) ? 0 : 1e6;
  const float rounded = static_cast<float>(want);
  if (std::isinf(rounded) || std::isinf(got)) return got == rounded ? 0 : 1e6;
  if (std::fabs(want) < 0x1p-126L) {  // the contract: a zero of the right sign
    const bool zero = got == 0 && std::signbit(got) == std::signbit(want);
    return zero || std::fabs(want) > 0x1p-126L * (1 - 0x1p-22L) ? 0 : 1e6;
  }
  int exponent = 0;
  std::frexp(want, &exponent);
  return static_cast<double>(std::fabs(got - want) / std::ldexp(1.0L, exponent - 24));
}

// Every step-th float, of both signs.
template <class Function, class Exact>
void expect_within(double ulps, const Function& function, const Exact& exact) {
  constexpr std::uint32_t kStep = 1009;
  double worst = 0;
  float worst_at = 0;
  for (std::uint64_t bits = 0; bits < 0x1'0000'0000; bits += 16 * kStep) {
    Lanes x;
    for (int i = 0; i < 16; ++i) {
      x.lane[i] = float_of(static_cast<std::uint32_t>(bits + i * kStep));
    }
    const Lanes y = function(x);
    for (int i = 0; i < 16; ++i) {
      const double error = error_in_ulp(y.lane[i], exact(static_cast<long double>(x.lane[i])));
      if (error > worst) {
        worst = error;
        worst_at = x.lane[i];
      }
    }
  }
  EXPECT_LE(worst, ulps) << "at " << std::hexfloat << worst_at;
}

// The contract says 2; these are the largest errors, found once over every float where the function
// is neither its argument nor a constant, rounded up.
TEST(Functions, ExpIsWithinTwoUlp) {
  expect_within(
      1.05, [](Lanes x) { return generic::exp(x); }, [](long double x) { return std::exp(x); });
}
TEST(Functions, TanhIsWithinTwoUlp) {
  expect_within(
      1.35, [](Lanes x) { return generic::tanh(x); }, [](long double x) { return std::tanh(x); });
}
TEST(Functions, ErfIsWithinTwoUlp) {
  expect_within(
      1.1, [](Lanes x) { return generic::erf(x); }, [](long double x) { return std::erf(x); });
}
TEST(Functions, LogIsWithinTwoUlp) {
  expect_within(
      1.0, [](Lanes x) { return generic::log(x); }, [](long double x) { return std::log(x); });
}

TEST(Functions, HaveTheirValuesAtTheEdges) {
  const auto exp = [](float x) { return generic::exp(Lanes::set(x)).lane[0]; };
  const auto tanh = [](float x) { return generic::tanh(Lanes::set(x)).lane[0]; };
  const auto erf = [](float x) { return generic::erf(Lanes::set(x)).lane[0]; };
  const auto log = [](float x) { return generic::log(Lanes::set(x)).lane[0]; };
  EXPECT_EQ(exp(0), 1);
  EXPECT_EQ(exp(-0.0f), 1);
  EXPECT_EQ(exp(kInfinity), kInfinity);
  EXPECT_EQ(bits_of(exp(-kInfinity)), 0u);
  EXPECT_EQ(bits_of(exp(-87.34f)), 0u);
  EXPECT_GE(exp(-87.3365402f), 0x1p-126f);
  EXPECT_EQ(exp(88.73f), kInfinity);
  EXPECT_TRUE(std::isnan(exp(kNan)));
  for (const float sign : {1.0f, -1.0f}) {
    EXPECT_EQ(bits_of(tanh(sign * 0.0f)), bits_of(sign * 0.0f));
    EXPECT_EQ(bits_of(erf(sign * 0.0f)), bits_of(sign * 0.0f));
    EXPECT_EQ(tanh(sign * kInfinity), sign);
    EXPECT_EQ(erf(sign * kInfinity), sign);
    EXPECT_EQ(tanh(sign * 20), sign);
    EXPECT_EQ(erf(sign * 5), sign);
    EXPECT_EQ(bits_of(tanh(sign * 0x1p-127f)), bits_of(sign * 0.0f));
  }
  EXPECT_TRUE(std::isnan(tanh(kNan)));
  EXPECT_TRUE(std::isnan(erf(kNan)));
  EXPECT_EQ(bits_of(log(1)), 0u);
  EXPECT_EQ(log(0), -kInfinity);
  EXPECT_EQ(log(-0.0f), -kInfinity);
  EXPECT_EQ(log(kInfinity), kInfinity);
  EXPECT_TRUE(std::isnan(log(-1)));
  EXPECT_TRUE(std::isnan(log(-kInfinity)));
  EXPECT_TRUE(std::isnan(log(kNan)));
}

TEST(AllFinite, FindsEveryValueThatIsNoNumber) {
  for (const KernelTable* table : all_tables()) {
    SCOPED_TRACE(table->name);
    for (const std::int64_t n : kLengths) {
      Guarded<float> values = random_floats(static_cast<std::size_t>(n), 3);
      EXPECT_TRUE(table->all_finite(values.data(), n));
      for (std::int64_t i = 0; i < n; ++i) {
        float& value = values.data()[i];
        const float before = value;
        for (const float bad : {kInfinity, -kInfinity, kNan, -kNan}) {
          value = bad;
          ASSERT_FALSE(table->all_finite(values.data(), n)) << i << " of " << n;
        }
        for (const float good :
             {std::numeric_limits<float>::max(), -0.0f, std::numeric_limits<float>::denorm_min()}) {
          value = good;
          ASSERT_TRUE(table->all_finite(values.data(), n));
        }
        value = before;
      }
    }
  }
}

TEST(Functions, AreTheSameInEveryTable) {
  // sum_exp of one element is its exp, softcap with 1 is tanh, and gelu holds erf.
  const Guarded<float> x = random_bits(200'000, 3);
  for (const KernelTable* table : other_tables()) {
    SCOPED_TRACE(table->name);
    for (const float value : x) {
      ASSERT_TRUE(same_bits(table->sum_exp(&value, 1, 0), kScalarTable.sum_exp(&value, 1, 0)))
          << std::hexfloat << value;
    }
    const std::int64_t n = static_cast<std::int64_t>(x.size());
    Guarded<float> want(x.size()), got(x.size());
    kScalarTable.softcap(x.data(), 1.0f, n, want.data());
    table->softcap(x.data(), 1.0f, n, got.data());
    EXPECT_TRUE(same_bits(got, want));
    kScalarTable.activate(Activation::kGeluErf, x.data(), nullptr, n, want.data());
    table->activate(Activation::kGeluErf, x.data(), nullptr, n, got.data());
    EXPECT_TRUE(same_bits(got, want));
  }
}

TEST(SumExp, IsTheSameInEveryTableAndAccurate) {
  for (const std::int64_t n : kLengths) {
    const Guarded<float> x = random_floats(static_cast<std::size_t>(n), 5, 3.0f);
    double exact = 0;
    for (const float value : x) exact += std::exp(static_cast<double>(value) - 1.5);
    for (const KernelTable* table : all_tables()) {
      SCOPED_TRACE(table->name);
      const float sum = table->sum_exp(x.data(), n, 1.5f);
      EXPECT_TRUE(same_bits(sum, kScalarTable.sum_exp(x.data(), n, 1.5f))) << n;
      // Each of at most n / 16 + 4 additions in a lane's way rounds once, and exp by one unit; the
      // subtraction before it by one unit of a number below 16.
      EXPECT_NEAR(sum, exact, exact * (static_cast<double>(n) / 16 + 4 + 18) * 0x1p-24) << n;
    }
  }
}

TEST(Softmax, IsTheSameInEveryTableAndSumsToOne) {
  for (const std::int64_t n : kLengths) {
    if (n == 0) continue;
    const Guarded<float> x = random_floats(static_cast<std::size_t>(n), 6, 4.0f, true);
    Guarded<float> want = x;
    kScalarTable.softmax(want.data(), n);
    double total = 0, exact_total = 0;
    for (const float value : x) exact_total += std::exp(static_cast<double>(value));
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double exact = std::exp(static_cast<double>(x[i])) / exact_total;
      EXPECT_NEAR(want[i], exact, 1e-5 * exact);
      total += want[i];
    }
    EXPECT_NEAR(total, 1, 1e-5);
    for (const KernelTable* table : other_tables()) {
      SCOPED_TRACE(table->name);
      Guarded<float> got = x;
      table->softmax(got.data(), n);
      EXPECT_TRUE(same_bits(got, want)) << n;
    }
  }
}

TEST(Softmax, TakesTheLargestOfNegativeNumbers) {
  for (const KernelTable* table : all_tables()) {
    SCOPED_TRACE(table->name);
    Guarded<float> x(std::vector<float>{-500, -501, -499});
    table->softmax(x.data(), 3);
    EXPECT_NEAR(x[2], 1 / (1 + std::exp(-1.0) + std::exp(-2.0)), 1e-6);
  }
}

}  // namespace
}  // namespace minnow
