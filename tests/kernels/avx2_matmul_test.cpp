// Products at the ends of the integers' ranges. Tables that sum in 16 bits rely on bounds that
// random codes never come near: all codes are the smallest or the largest, and so are the
// activations, with signs that make every lane's sum as large as it can be.
#include <gtest/gtest.h>

#include "support/integer_cases.hpp"

namespace minnow {
namespace {

using namespace testing_support;

constexpr std::int64_t kRows = 18;
constexpr std::int64_t kTokens = 13;

// Random fields, and `byte` everywhere else.
std::vector<std::uint8_t> rows_of_one_byte(Format format, std::int64_t k, std::uint8_t byte) {
  const std::vector<std::uint8_t> random = random_rows(format, kRows, k, 31);
  std::vector<std::uint8_t> rows(random.size(), byte);
  const TileLayout layout = tile_layout(format);
  const auto block_bytes = static_cast<std::size_t>(format_info(format).block_bytes);
  for (std::size_t block = 0; block < rows.size(); block += block_bytes) {
    for (int field = 0; field < layout.n_fields; ++field) {
      const std::size_t offset = block + static_cast<std::size_t>(layout.fields[field]);
      std::memcpy(&rows[offset], &random[offset], 2);
    }
  }
  return rows;
}

// Codes of 127 and -127. Token t: all positive, all negative, or signs that change every
// 1, 2, 4, 8, 16 and 32 elements.
Activations extreme_activations(std::int64_t k, int x_group) {
  Activations x = random_activations(kTokens, k, x_group, 32);
  for (std::int64_t t = 0; t < kTokens; ++t) {
    for (std::int64_t i = 0; i < k; ++i) {
      const bool negative = t < 2 ? t == 1 : (i >> (t - 2) % 6 & 1) != 0;
      x.codes[static_cast<std::size_t>(t * k + i)] = negative ? -127 : 127;
    }
    for (std::int64_t i = 0; i < k / 16; ++i) {
      int sum = 0;
      for (std::int64_t j = 0; j < 16; ++j) {
        sum += x.codes[static_cast<std::size_t>(t * k + 16 * i + j)];
      }
      x.sums[static_cast<std::size_t>(t * (k / 16) + i)] = static_cast<std::int16_t>(sum);
    }
  }
  return x;
}

std::vector<float> multiply(const KernelTable& table, Format format,
                            const Guarded<std::uint8_t>& groups, const Activations& x,
                            std::int64_t first_token, std::int64_t n_tokens) {
  Guarded<std::uint8_t> scratch((table.scratch_bytes + 63) / 64 * 64);
  Guarded<float> out(static_cast<std::size_t>(n_tokens * kRows));
  MatmulArgs args = {};
  args.weights = groups.data();
  args.k = x.k;
  args.n_rows = kRows;
  args.n_tokens = n_tokens;
  args.x = x.rows(first_token);
  args.out = out.data();
  args.out_stride = kRows;
  table.matmul(format, args, scratch.data());
  return {out.begin(), out.end()};
}

class ExtremeCodesOf : public ::testing::TestWithParam<Format> {};

TEST_P(ExtremeCodesOf, HaveTheScalarBits) {
  const FormatInfo& info = format_info(GetParam());
  const std::int64_t k = 512 + info.elements;
  const Activations x = extreme_activations(k, info.x_group);
  for (const std::uint8_t byte : {0x00, 0xff, 0x80, 0x7f, 0x0f, 0xf0, 0x81}) {
    const std::vector<std::uint8_t> rows = rows_of_one_byte(GetParam(), k, byte);
    const Guarded<std::uint8_t> groups = pack_matrix(kScalarTable, GetParam(), rows, kRows, k);
    const std::vector<float> expected = multiply(kScalarTable, GetParam(), groups, x, 0, kTokens);
    for (const KernelTable* table : other_tables()) {
      // All tokens at once, then each alone: other kernels may serve one token.
      ASSERT_TRUE(same_bits(multiply(*table, GetParam(), groups, x, 0, kTokens), expected))
          << table->name << " byte " << int{byte};
      for (std::int64_t t = 0; t < kTokens; ++t) {
        const std::vector<float> alone(expected.begin() + t * kRows,
                                       expected.begin() + (t + 1) * kRows);
        ASSERT_TRUE(same_bits(multiply(*table, GetParam(), groups, x, t, 1), alone))
            << table->name << " byte " << int{byte} << " token " << t;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Format, ExtremeCodesOf, ::testing::ValuesIn(integer_tile_formats()),
                         [](const auto& instance) {
                           return std::string(format_info(instance.param).name);
                         });

}  // namespace
}  // namespace minnow
