// Screening of a split head: bounds that hold for any weights and activations, and the best rows of
// the full product, found with its bits.
#include "ops/screen.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>

#include "base/memory.hpp"
#include "support/split_cases.hpp"

namespace minnow {
namespace {

using namespace testing_support;

constexpr std::int64_t kElements[] = {32, 160, 640, 896};

// Rows of Q8_0 whose codes and scales come from functions.
std::vector<std::uint8_t> make_rows(std::int64_t n_rows, std::int64_t k,
                                    const std::function<int(std::int64_t, std::int64_t)>& code,
                                    const std::function<std::uint16_t(std::int64_t)>& scale) {
  std::vector<std::uint8_t> rows(static_cast<std::size_t>(n_rows * row_bytes(Format::kQ8_0, k)));
  std::size_t place = 0;
  for (std::int64_t row = 0; row < n_rows; ++row) {
    for (std::int64_t i = 0; i < k; ++i) {
      if (i % 32 == 0) {
        const std::uint16_t half = scale(row);
        std::memcpy(&rows[place], &half, 2);
        place += 2;
      }
      rows[place++] = static_cast<std::uint8_t>(code(row, i));
    }
  }
  return rows;
}

// Quantised activations from plain floats.
Activations activations_of(const std::vector<float>& x) {
  Activations result;
  const auto k = static_cast<std::int64_t>(x.size());
  result.codes = Guarded<std::int8_t>(x.size());
  result.scales = Guarded<float>(x.size() / 32);
  result.sums = Guarded<std::int16_t>(x.size() / 16);
  result.k = k;
  result.x_group = 32;
  EXPECT_TRUE(kScalarTable.quantize(x.data(), k, 32, result.codes.data(), result.scales.data(),
                                    result.sums.data()));
  return result;
}

std::vector<float> gaussian(std::int64_t k, unsigned seed, float deviation) {
  const Guarded<float> x = random_floats(static_cast<std::size_t>(k), seed, deviation);
  return {x.begin(), x.end()};
}

void expect_bounds_hold(const std::vector<std::uint8_t>& rows, std::int64_t n_rows,
                        const std::vector<float>& values, const std::string& what) {
  const auto k = static_cast<std::int64_t>(values.size());
  const Activations x = activations_of(values);
  const std::vector<float> exact = packed_products(Format::kQ8_0, rows, n_rows, k, x);
  Guarded<float> offsets(static_cast<std::size_t>(k / 32));
  Guarded<float> norms(static_cast<std::size_t>(k / 32));
  if (!prepare_bounds(x.rows(), k, offsets.data(), norms.data())) return;  // nothing is claimed
  for (const KernelTable* table : all_tables()) {
    const SplitHead head(*table, Format::kQ8_0, rows, n_rows, k);
    const BoundArgs args = {x.rows(), offsets.data(), norms.data()};
    for (const std::int64_t first : {std::int64_t{0}, n_rows / 2}) {
      Guarded<float> bounds(static_cast<std::size_t>(n_rows - first));
      table->split_bounds(head.matrix(), first, n_rows - first, args, bounds.data());
      for (std::size_t i = 0; i < bounds.size(); ++i) {
        const float value = exact[static_cast<std::size_t>(first) + i];
        ASSERT_FALSE(std::isnan(bounds[i])) << what << ", " << table->name;
        ASSERT_TRUE(std::isnan(value) ? std::isinf(bounds[i]) : bounds[i] >= value)
            << what << ", " << table->name << ", row " << i << " of k " << k << ": " << bounds[i]
            << " < " << value;
      }
    }
  }
}

TEST(Screen, BoundsHoldForRandomRows) {
  for (const std::int64_t k : kElements) {
    const std::vector<std::uint8_t> rows = random_rows(Format::kQ8_0, 75, k, 1);
    for (const float size : {1.0f, 1e-30f, 1e-38f, 1e30f})
      expect_bounds_hold(rows, 75, gaussian(k, 2, size), "size " + std::to_string(size));
    expect_bounds_hold(rows, 75, std::vector<float>(static_cast<std::size_t>(k), 0.0f), "zero");
  }
}

// The inequality of Cauchy and Schwarz is an equality where activations are parallel to the low
// bits: the bound may then exceed the value by rounding only.
TEST(Screen, BoundsHoldWhereActivationsAreParallelToTheLowBits) {
  for (const std::int64_t k : kElements) {
    for (const int low : {0, 7, 8, 15}) {
      const auto sign_of = [](std::int64_t i) { return i * 7 % 3 == 0 ? -1 : 1; };
      const auto code = [&](std::int64_t row, std::int64_t i) {
        const int bits = sign_of(i) > 0 ? low : 15 - low;
        return static_cast<int>(((row * 5 + i) % 16) * 16 + bits) - 128;
      };
      for (const std::uint16_t scale : {0x3c00, 0x0001, 0x7bff, 0xbc00, 0x8001, 0x2001}) {
        const auto rows = make_rows(40, k, code, [=](std::int64_t) { return scale; });
        for (const float sign : {1.0f, -1.0f}) {
          std::vector<float> x(static_cast<std::size_t>(k));
          for (std::int64_t i = 0; i < k; ++i)
            x[static_cast<std::size_t>(i)] = sign * static_cast<float>(sign_of(i)) * 0.37f;
          expect_bounds_hold(rows, 40, x, "low " + std::to_string(low));
        }
      }
    }
  }
}

TEST(Screen, BoundsHoldForExtremeCodesAndScales) {
  const std::uint16_t scales[] = {0x0000, 0x8000, 0x0001, 0x7bff, 0xfbff, 0x7c00, 0xfc00, 0x7e00};
  for (const std::int64_t k : kElements) {
    for (const int code : {-128, -127, -1, 0, 127}) {
      const auto rows = make_rows(
          32, k, [=](std::int64_t, std::int64_t i) { return i % 5 == 0 ? -code - 1 : code; },
          [&](std::int64_t row) { return scales[row % 8]; });
      for (const float size : {1.0f, 1e-35f, 1e25f, 3e29f, 1e33f, 1e37f}) {
        expect_bounds_hold(rows, 32, gaussian(k, 3, size), "random");
        expect_bounds_hold(rows, 32, std::vector<float>(static_cast<std::size_t>(k), -size), "one");
      }
    }
  }
}

// A head with everything that screening needs.
class Screened {
 public:
  Screened(const KernelTable& table, const std::vector<std::uint8_t>& rows, std::int64_t n_rows,
           const std::vector<float>& values, int n_threads)
      : table_(table),
        k_(static_cast<std::int64_t>(values.size())),
        pool_(n_threads),
        split_(table, Format::kQ8_0, rows, n_rows, k_),
        x_(activations_of(values)),
        bounds_(static_cast<std::size_t>(n_rows)) {
    head.weights.format = Format::kQ8_0;
    head.weights.n_rows = n_rows;
    head.weights.k = k_;
    head.weights.data = reinterpret_cast<const std::byte*>(split_.data());
    head.weights.is_split = true;
    ArenaPlan plan;
    plan_screen(n_rows, k_, plan, nullptr, buffers);
    EXPECT_TRUE(Arena::create(plan, memory_, ArenaSource::kMap, "screening", arena_).ok());
    ArenaPlan cursor;
    plan_screen(n_rows, k_, cursor, &arena_, buffers);
    buffers.bounds = bounds_.data();
    full_ = packed_products(Format::kQ8_0, rows, n_rows, k_, x_);
  }

  // The full rule.
  std::vector<float> logits() const {
    std::vector<float> values = full_;
    const auto n = static_cast<std::int64_t>(values.size());
    if (head.bias) table_.add(values.data(), head.bias.data, n, values.data());
    if (head.scale != 1.0f) table_.scale(values.data(), head.scale, n, values.data());
    if (head.softcap > 0) table_.softcap(values.data(), head.softcap, n, values.data());
    return values;
  }

  ScreenResult run(const ScreenRequest& request) {
    ActivationRows rows;
    rows.k = k_;
    rows.n_tokens = 1;
    rows.per_32 = x_.rows();
    const OpContext context = {&table_, &pool_, nullptr, nullptr, 0};
    return can_screen(head, request) ? screen(context, head, rows, request, buffers)
                                     : ScreenResult{};
  }

  ScreenHead head;
  ScreenBuffers buffers;

 private:
  const KernelTable& table_;
  const std::int64_t k_;
  HostMemory memory_;
  ThreadPool pool_;
  SplitHead split_;
  Activations x_;
  std::vector<float> bounds_;
  std::vector<float> full_;
  Arena arena_;
};

// What was found holds what was asked for, each token once, with the bits of the full rule.
void expect_found(const Screened& head, const ScreenResult& result, const ScreenRequest& request,
                  const std::string& what) {
  const std::vector<float> logits = head.logits();
  std::vector<bool> found(logits.size());
  for (std::int64_t i = 0; i < result.n_found; ++i) {
    const auto token = static_cast<std::size_t>(head.buffers.found[i]);
    ASSERT_FALSE(found[token]) << what << ": token " << token << " twice";
    found[token] = true;
    ASSERT_EQ(std::memcmp(&logits[token], &head.buffers.found_logits[i], 4), 0) << what;
  }
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const bool always = std::find(request.always.begin(), request.always.end(),
                                  static_cast<Token>(i)) != request.always.end();
    if (always)
      ASSERT_TRUE(found[i]) << what << ": token " << i << " was asked for";
    else
      order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return logits[a] > logits[b]; });
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (static_cast<std::int64_t>(i) < request.n_best ||
        (request.below_best > 0 && logits[order[i]] >= logits[order[0]] - request.below_best)) {
      ASSERT_TRUE(found[order[i]]) << what << ": number " << i << ", token " << order[i];
    }
  }
}

// Rows of little noise and some that look like the activations, as a head and a hidden state do.
std::vector<std::uint8_t> peaked_rows(std::int64_t n_rows, const std::vector<float>& x,
                                      unsigned seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<float> normal(0.0f, 30.0f);
  return make_rows(
      n_rows, static_cast<std::int64_t>(x.size()),
      [&](std::int64_t row, std::int64_t i) {
        const float part = row % 37 == 13 ? x[static_cast<std::size_t>(i)] * 40.0f : 0.0f;
        return static_cast<int>(std::clamp(normal(engine) + part, -127.0f, 127.0f));
      },
      [](std::int64_t) { return std::uint16_t{0x2000}; });
}

TEST(Screen, FindsTheBestRows) {
  for (const KernelTable* table : all_tables()) {
    for (const int n_threads : {1, 3}) {
      const std::vector<float> x = gaussian(640, 5, 1.0f);
      const std::int64_t n_rows = 3001;
      Screened head(*table, peaked_rows(n_rows, x, 6), n_rows, x, n_threads);
      const Token always[] = {5, 2999, 13, 5, 110};
      for (const std::int64_t n_best : {1, 2, 10, 40, 64}) {
        for (const float below : {0.0f, 0.5f, 3.0f}) {
          for (const bool with_always : {false, true}) {
            ScreenRequest request{n_best, below, {}};
            if (with_always) request.always = always;
            const ScreenResult result = head.run(request);
            ASSERT_TRUE(result.decided) << table->name << ", " << n_best;
            EXPECT_LT(result.n_refined, n_rows / 2);
            expect_found(head, result, request, table->name);
          }
        }
      }
    }
  }
}

TEST(Screen, FindsTheBestRowsAfterBiasScaleAndCap) {
  const std::vector<float> x = gaussian(160, 7, 1.0f);
  const std::int64_t n_rows = 2000;
  const Guarded<float> bias = random_floats(2000, 8, 0.3f);
  for (const KernelTable* table : all_tables()) {
    Screened head(*table, peaked_rows(n_rows, x, 9), n_rows, x, 2);
    head.head.bias = {bias.data(), n_rows};
    for (const float scale : {1.0f, 0.0625f, 3.3f, 1e-38f}) {
      for (const float softcap : {0.0f, 30.0f, 2.0f}) {
        head.head.scale = scale;
        head.head.softcap = softcap;
        for (const std::int64_t n_best : {1, 7, 33}) {
          const ScreenRequest request{n_best, 0.0f, {}};
          const ScreenResult result = head.run(request);
          if (result.decided) expect_found(head, result, request, table->name);
        }
      }
    }
    head.head.scale = 0.0625f;
    head.head.softcap = 30.0f;
    EXPECT_TRUE(head.run({5, 0.0f, {}}).decided) << table->name;
  }
}

// Equal logits, of rows that are equal: whichever are kept, all ties are among them.
TEST(Screen, FindsAllTies) {
  const std::vector<float> x = gaussian(160, 10, 1.0f);
  const auto row_code = [&](std::int64_t row, std::int64_t i) {
    const float part = row % 50 == 3 ? x[static_cast<std::size_t>(i)] * 40.0f : 0.0f;
    return static_cast<int>(std::clamp(part + static_cast<float>(i * 31 % 40), -127.0f, 127.0f));
  };
  for (const KernelTable* table : all_tables()) {
    const auto rows =
        make_rows(2500, 160, row_code, [](std::int64_t) { return std::uint16_t{0x2000}; });
    Screened head(*table, rows, 2500, x, 2);
    for (const std::int64_t n_best : {1, 5, 40}) {
      const ScreenRequest request{n_best, 0.0f, {}};
      const ScreenResult result = head.run(request);
      ASSERT_TRUE(result.decided);
      EXPECT_EQ(result.n_found, 50);
      expect_found(head, result, request, table->name);
    }
  }
}

TEST(Screen, LeavesTheUndecidedToTheFullProduct) {
  const std::vector<float> x = gaussian(160, 11, 1.0f);
  const auto flat = make_rows(
      2500, 160, [](std::int64_t, std::int64_t i) { return static_cast<int>(i % 100); },
      [](std::int64_t) { return std::uint16_t{0x2000}; });
  for (const KernelTable* table : all_tables()) {
    Screened equal(*table, flat, 2500, x, 2);
    EXPECT_FALSE(equal.run({1, 0.0f, {}}).decided) << "every row is the best one";
    // A weight that is no number.
    const auto broken = make_rows(
        2500, 160,
        [](std::int64_t row, std::int64_t i) { return static_cast<int>((row + i) % 90); },
        [](std::int64_t row) { return std::uint16_t(row == 77 ? 0x7e00 : 0x2000); });
    Screened head(*table, broken, 2500, x, 2);
    EXPECT_FALSE(head.run({1, 0.0f, {}}).decided) << table->name;
    head.head.scale = -1.0f;
    EXPECT_FALSE(can_screen(head.head, {1, 0.0f, {}}));
  }
}

}  // namespace
}  // namespace minnow
