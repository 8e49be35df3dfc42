// Integer products: the same bits from every table at every tail, and near a double-precision
// oracle.
#include <gtest/gtest.h>

#include "support/integer_cases.hpp"

namespace minnow {
namespace {

using namespace testing_support;

constexpr float kUntouched = 12345.0f;

// Runs a product into rows that are `gap` elements further apart than they are long, and checks
// that the gap is left alone. Scratch and result end at a guard page.
template <class Run>
std::vector<float> run_guarded(const KernelTable& table, MatmulArgs args, const Run& run) {
  constexpr std::int64_t kGap = 3;
  Guarded<std::uint8_t> scratch((table.scratch_bytes + 63) / 64 * 64);
  args.out_stride = args.n_rows + kGap;
  Guarded<float> out(static_cast<std::size_t>((args.n_tokens - 1) * args.out_stride + args.n_rows));
  for (float& value : out) value = kUntouched;
  args.out = out.data();
  run(args, scratch.data());
  std::vector<float> result;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (static_cast<std::int64_t>(i) % args.out_stride < args.n_rows) {
      result.push_back(out[i]);
    } else {
      EXPECT_EQ(out[i], kUntouched) << table.name << " wrote between rows";
    }
  }
  return result;
}

std::vector<float> matmul(const KernelTable& table, Format format,
                          const Guarded<std::uint8_t>& groups, const Activations& x,
                          std::int64_t n_rows, std::int64_t first_token, std::int64_t n_tokens) {
  MatmulArgs args = {};
  args.weights = groups.data();
  args.k = x.k;
  args.n_rows = n_rows;
  args.n_tokens = n_tokens;
  args.x = x.rows(first_token);
  return run_guarded(table, args,
                     [&](const MatmulArgs& a, void* scratch) { table.matmul(format, a, scratch); });
}

// The part of a result [n_tokens, n_rows] for other numbers of rows and tokens.
std::vector<float> part_of(const std::vector<float>& all, std::int64_t all_rows,
                           std::int64_t n_rows, std::int64_t n_tokens) {
  std::vector<float> part;
  for (std::int64_t t = 0; t < n_tokens; ++t) {
    const auto first = all.begin() + t * all_rows;
    part.insert(part.end(), first, first + n_rows);
  }
  return part;
}

void expect_scalar_bits(Format format, std::int64_t k, std::int64_t max_rows,
                        const std::vector<std::int64_t>& row_counts, std::int64_t max_tokens,
                        const std::vector<std::int64_t>& token_counts) {
  const FormatInfo& info = format_info(format);
  const std::vector<std::uint8_t> rows = random_rows(format, max_rows, k, 11);
  const Activations x = random_activations(max_tokens, k, info.x_group, 12);
  const Guarded<std::uint8_t> all = pack_matrix(kScalarTable, format, rows, max_rows, k);
  const std::vector<float> expected = matmul(kScalarTable, format, all, x, max_rows, 0, max_tokens);
  for (const KernelTable* table : other_tables()) {
    for (std::int64_t n_rows : row_counts) {
      const Guarded<std::uint8_t> groups = pack_matrix(kScalarTable, format, rows, n_rows, k);
      for (std::int64_t n_tokens : token_counts) {
        // The last tokens, so that the activations' arrays end at their guard pages: the same
        // bits come out wherever a token stands.
        const std::vector<float> out =
            matmul(*table, format, groups, x, n_rows, max_tokens - n_tokens, n_tokens);
        const std::vector<float> tail(expected.begin() + (max_tokens - n_tokens) * max_rows,
                                      expected.end());
        ASSERT_TRUE(same_bits(out, part_of(tail, max_rows, n_rows, n_tokens)))
            << table->name << " " << info.name << " k " << k << " rows " << n_rows << " tokens "
            << n_tokens;
      }
    }
  }
}

std::vector<std::int64_t> one_to(std::int64_t n) {
  std::vector<std::int64_t> result;
  for (std::int64_t i = 1; i <= n; ++i) result.push_back(i);
  return result;
}

class MatmulOf : public ::testing::TestWithParam<Format> {};

TEST_P(MatmulOf, HasTheScalarBitsForAnyNumberOfRows) {
  expect_scalar_bits(GetParam(), 2 * format_info(GetParam()).elements, 50, one_to(50), 12,
                     {1, 2, 9, 12});
}

TEST_P(MatmulOf, HasTheScalarBitsForAnyNumberOfTokens) {
  expect_scalar_bits(GetParam(), 3 * format_info(GetParam()).elements, 35, {35}, 40, one_to(40));
}

TEST_P(MatmulOf, HasTheScalarBitsForAnyLengthOfRows) {
  const int elements = format_info(GetParam()).elements;
  for (std::int64_t k : {1 * elements, 2 * elements, 3 * elements, 5 * elements, 17 * elements, 512,
                         512 + elements, 1024 + elements, 896 / elements * elements}) {
    expect_scalar_bits(GetParam(), k, 33, {1, 16, 33}, 10, {1, 2, 3, 5, 8, 10});
  }
}

TEST_P(MatmulOf, HasTheScalarBitsForManyRowsAndTokens) {
  const std::int64_t k = 512 + format_info(GetParam()).elements;
  expect_scalar_bits(GetParam(), k, 163, {163, 34}, 70, {41, 42, 43, 44, 45, 46, 63, 64, 70});
  expect_scalar_bits(GetParam(), 1024 + k, 20, {20}, 521, {255, 257, 521});
}

// float(sum) is exact and every other step rounds once: an error of at most 2^-24 of what it
// rounds, which is never larger than the sum of all magnitudes.
TEST_P(MatmulOf, IsNearTheExactProduct) {
  const FormatInfo& info = format_info(GetParam());
  const std::int64_t k = 512 + info.elements;
  constexpr std::int64_t kRows = 19;
  constexpr std::int64_t kTokens = 3;
  const std::vector<std::uint8_t> rows = random_rows(GetParam(), kRows, k, 13);
  const Activations x = random_activations(kTokens, k, info.x_group, 14);
  const Guarded<std::uint8_t> groups = pack_matrix(kScalarTable, GetParam(), rows, kRows, k);
  const std::vector<float> out = matmul(kScalarTable, GetParam(), groups, x, kRows, 0, kTokens);
  for (std::int64_t t = 0; t < kTokens; ++t) {
    for (std::int64_t r = 0; r < kRows; ++r) {
      double sum = 0;
      double magnitude = 0;
      for (std::int64_t i = 0; i < k; ++i) {
        const std::uint8_t* const block =
            rows.data() + r * row_bytes(info.format, k) + i / info.elements * info.block_bytes;
        const double w = weight_at(info.format, block, static_cast<int>(i % info.elements));
        sum += w * x.value(t, i);
        magnitude += std::fabs(w * x.value(t, i));
      }
      // Formats with minimums subtract parts that may each be larger than the weight.
      const double parts = info.mins == Mins::kNone ? 1 : 4;
      const double steps = static_cast<double>(k / info.sub * 3);
      EXPECT_NEAR(static_cast<double>(out[static_cast<std::size_t>(t * kRows + r)]), sum,
                  parts * magnitude * steps * 0x1p-24)
          << info.name << " row " << r << " token " << t;
    }
  }
}

std::string format_name(const ::testing::TestParamInfo<Format>& info) {
  return format_info(info.param).name;
}

INSTANTIATE_TEST_SUITE_P(Format, MatmulOf, ::testing::ValuesIn(integer_tile_formats()),
                         format_name);

// -- weights decoded by src/format ----------------------------------------------------------------

struct Codes {
  Guarded<std::int8_t> codes;
  Guarded<float> scales;
  Guarded<std::uint8_t> mins;
  Guarded<float> dmin;
};

Codes random_codes(const FormatInfo& info, std::int64_t k, unsigned seed) {
  std::mt19937 engine(seed);
  Codes result;
  result.codes = Guarded<std::int8_t>(static_cast<std::size_t>(k * 16));
  for (std::int8_t& code : result.codes) code = static_cast<std::int8_t>(engine());
  result.scales = random_floats(static_cast<std::size_t>(k / info.sub * 16), seed + 1, 0.1f);
  if (info.mins == Mins::kInteger) {
    result.mins = Guarded<std::uint8_t>(static_cast<std::size_t>(k / info.sub * 16));
    for (std::uint8_t& min : result.mins) min = static_cast<std::uint8_t>(engine() % 64);
    result.dmin = random_floats(static_cast<std::size_t>(k / 256 * 16), seed + 2, 0.1f);
  }
  return result;
}

std::vector<float> matmul_codes(const KernelTable& table, Format format, const Codes& codes,
                                const Activations& x, std::int64_t n_rows, std::int64_t first_token,
                                std::int64_t n_tokens) {
  const CodeGroup group = {format, codes.codes.data(), codes.scales.data(), codes.mins.data(),
                           codes.dmin.data()};
  MatmulArgs args = {};
  args.k = x.k;
  args.n_rows = n_rows;
  args.n_tokens = n_tokens;
  args.x = x.rows(first_token);
  return run_guarded(table, args, [&](const MatmulArgs& a, void* scratch) {
    table.matmul_codes(group, a, scratch);
  });
}

class MatmulCodesOf : public ::testing::TestWithParam<Format> {};

TEST_P(MatmulCodesOf, HasTheScalarBits) {
  constexpr std::int64_t kTokens = 40;
  const FormatInfo& info = format_info(GetParam());
  for (std::int64_t k : {std::int64_t{info.elements}, std::int64_t{512 + info.elements}}) {
    const Codes codes = random_codes(info, k, 15);
    const Activations x = random_activations(kTokens, k, info.x_group, 16);
    const std::vector<float> expected =
        matmul_codes(kScalarTable, GetParam(), codes, x, 16, 0, kTokens);
    for (const KernelTable* table : other_tables()) {
      for (std::int64_t n_tokens = 1; n_tokens <= kTokens; ++n_tokens) {
        const std::int64_t n_rows = n_tokens % 2 == 0 ? 16 : 1 + n_tokens % 16;
        const std::vector<float> out =
            matmul_codes(*table, GetParam(), codes, x, n_rows, kTokens - n_tokens, n_tokens);
        const std::vector<float> tail(expected.begin() + (kTokens - n_tokens) * 16, expected.end());
        ASSERT_TRUE(same_bits(out, part_of(tail, 16, n_rows, n_tokens)))
            << table->name << " k " << k << " rows " << n_rows << " tokens " << n_tokens;
      }
    }
  }
}

TEST_P(MatmulCodesOf, IsNearTheExactProduct) {
  const FormatInfo& info = format_info(GetParam());
  const std::int64_t k = 2 * info.elements;
  const Codes codes = random_codes(info, k, 17);
  const Activations x = random_activations(1, k, info.x_group, 18);
  const std::vector<float> out = matmul_codes(kScalarTable, GetParam(), codes, x, 16, 0, 1);
  for (std::size_t row = 0; row < 16; ++row) {
    double sum = 0;
    double magnitude = 0;
    for (std::int64_t i = 0; i < k; ++i) {
      const auto sub = static_cast<std::size_t>(i / info.sub) * 16 + row;
      const auto at = static_cast<std::size_t>(i / 4 * 64 + i % 4) + 4 * row;
      const double product = codes.codes[at] * static_cast<double>(codes.scales[sub]);
      double min = 0;
      if (info.mins == Mins::kInteger) {
        const double dmin =
            static_cast<double>(codes.dmin[static_cast<std::size_t>(i / 256) * 16 + row]);
        min = codes.mins[sub] * dmin;
      }
      sum += (product - min) * x.value(0, i);
      magnitude += (std::fabs(product) + std::fabs(min)) * std::fabs(x.value(0, i));
    }
    const double steps = static_cast<double>(k / info.sub * 3);
    EXPECT_NEAR(static_cast<double>(out[row]), sum, magnitude * steps * 0x1p-24) << row;
  }
}

INSTANTIATE_TEST_SUITE_P(Format, MatmulCodesOf, ::testing::ValuesIn(row_formats()), format_name);

TEST(IntegerPeak, CountsWhatItDoes) {
  for (const KernelTable* table : all_tables()) {
    EXPECT_EQ(table->integer_peak(200), 2 * table->integer_peak(100)) << table->name;
    EXPECT_GT(table->integer_peak(1), 0) << table->name;
  }
}

}  // namespace
}  // namespace minnow
