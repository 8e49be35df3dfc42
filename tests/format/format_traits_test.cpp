#include "format/format_traits.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <memory>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "format_blocks.hpp"

namespace minnow {
namespace {

using test::kBlockColumns;
using test::kBlockRows;

constexpr std::size_t kValues = kBlockRows * kBlockColumns;

// FNV-1a, over bytes or over the bits of float values.
constexpr std::uint64_t kDigestStart = 0xcbf29ce484222325u;
constexpr std::uint64_t add_to_digest(std::uint64_t digest, std::uint32_t item) {
  return (digest ^ item) * 0x100000001b3u;
}

class FormatTraitsOf : public testing::TestWithParam<Format> {
 protected:
  const FormatTraits& traits() const { return format_traits(GetParam()); }
  const FormatInfo& info() const { return format_info(GetParam()); }
  // The entry of this format in a table of digests.json.
  std::uint64_t digest_of(const nlohmann::json& table) const {
    return std::stoull(table.at(info().name).get<std::string>(), nullptr, 16);
  }
};

// The line of RuleBlock's declaration, in double.
double rule_value(const FormatInfo& info, const RuleBlock& block, int i) {
  const int s = i / info.sub;
  const double product = static_cast<double>(block.scales[s]) * block.codes[i];
  if (info.mins == Mins::kBlock) return product + block.block_min;
  if (info.mins == Mins::kInteger) return product - static_cast<double>(block.dmin) * block.mins[s];
  return product;
}

TEST_P(FormatTraitsOf, RowTellsItsFormat) {
  EXPECT_EQ(traits().info, &info());
  EXPECT_EQ(traits().decode_rule == nullptr, info().sub == 0);
  EXPECT_GT(traits().product_error, 0);
  EXPECT_LT(traits().product_error, 0.005f);
}

TEST_P(FormatTraitsOf, ReferenceRowsDecodeBitForBit) {
  if (GetParam() == Format::kF32) {
    const std::vector<float> original = test::read_npy<float>("original.npy", kValues);
    std::vector<float> decoded(kValues);
    decode_row(Format::kF32, original.data(), kValues, decoded.data());
    EXPECT_EQ(std::memcmp(decoded.data(), original.data(), kValues * sizeof(float)), 0);
    return;
  }
  const std::string rows = test::reference_rows(GetParam());
  const auto expected = test::read_npy<float>(std::string(info().name) + ".npy", kValues);
  std::vector<float> decoded(kBlockColumns);
  for (int row = 0; row < kBlockRows; ++row) {
    decode_row(GetParam(), rows.data() + row * row_bytes(GetParam(), kBlockColumns), kBlockColumns,
               decoded.data());
    for (int i = 0; i < kBlockColumns; ++i)
      ASSERT_EQ(std::bit_cast<std::uint32_t>(decoded[i]),
                std::bit_cast<std::uint32_t>(expected[row * kBlockColumns + i]))
          << "row " << row << ", element " << i << ": " << decoded[i] << " for "
          << expected[row * kBlockColumns + i];
  }
}

// Random bytes reach every codebook entry, scale and exponent; the digests come from gguf-py.
TEST_P(FormatTraitsOf, RandomBlocksDecodeBitForBit) {
  if (GetParam() == Format::kF32) return;  // has no codes to reach
  const auto golden = nlohmann::json::parse(test::read_block_file("digests.json"));
  const auto n_blocks = golden.at("random_blocks").get<std::size_t>();
  const auto block_bytes = static_cast<std::size_t>(info().block_bytes);
  const auto bytes = test::random_bytes(info().ggml_type, n_blocks * block_bytes);
  std::vector<float> values(static_cast<std::size_t>(info().elements));
  std::uint64_t digest = kDigestStart;
  for (std::size_t b = 0; b < n_blocks; ++b) {
    traits().decode(bytes.data() + b * block_bytes, values.data());
    for (const float value : values) {
      const auto bits = std::isnan(value) ? 0x7fc00000u : std::bit_cast<std::uint32_t>(value);
      digest = add_to_digest(digest, bits);
    }
  }
  EXPECT_EQ(digest, digest_of(golden.at("decoded_random_blocks")));
}

// The block lies alone on the heap, so that a sanitizer sees any read or write beside it.
TEST_P(FormatTraitsOf, DecodersStayInsideTheBlock) {
  const auto block_bytes = static_cast<std::size_t>(info().block_bytes);
  const auto elements = static_cast<std::size_t>(info().elements);
  const auto values = std::make_unique<float[]>(elements);
  const auto block = std::make_unique<std::uint8_t[]>(block_bytes);
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    const auto bytes = test::random_bytes(seed, block_bytes);
    std::copy(bytes.begin(), bytes.end(), block.get());
    traits().decode(block.get(), values.get());
    traits().decode_row(block.get(), info().elements, values.get());
    if (traits().decode_rule == nullptr) continue;
    RuleBlock rule;
    traits().decode_rule(block.get(), &rule);
    for (std::size_t i = 0; i < elements; ++i) {
      ASSERT_GE(rule.codes[i], GetParam() == Format::kQ8_0 ? -128 : -127);
      if (info().mins != Mins::kNone) {
        ASSERT_GE(rule.codes[i], 0);
      }
    }
  }
}

TEST_P(FormatTraitsOf, RuleHasTheValuesOfTheFormat) {
  if (traits().decode_rule == nullptr) return;
  const auto block_bytes = static_cast<std::size_t>(info().block_bytes);
  const std::string rows = test::reference_rows(GetParam());
  ASSERT_EQ(rows.size() % block_bytes, 0u);
  std::vector<float> values(static_cast<std::size_t>(info().elements));
  for (std::size_t at = 0; at < rows.size(); at += block_bytes) {
    RuleBlock rule;
    traits().decode_rule(rows.data() + at, &rule);
    traits().decode(rows.data() + at, values.data());
    double largest = 0;
    for (const float value : values) largest = std::max(largest, std::fabs(double{value}));
    for (int i = 0; i < info().elements; ++i)
      ASSERT_NEAR(rule_value(info(), rule, i), values[static_cast<std::size_t>(i)], 1e-6 * largest);
  }
}

TEST_P(FormatTraitsOf, EncodingStaysWithinItsError) {
  std::vector<std::uint8_t> row(static_cast<std::size_t>(row_bytes(GetParam(), kBlockColumns)));
  const auto original = test::read_npy<float>("original.npy", kValues);
  std::vector<float> decoded(kBlockColumns);
  for (int r = 0; r < kBlockRows; ++r) {
    const float* values = original.data() + r * kBlockColumns;
    ASSERT_EQ(encode_row(GetParam(), values, kBlockColumns, row.data()),
              traits().encode != nullptr);
    if (traits().encode == nullptr) {
      EXPECT_EQ(traits().encode_error, 0);
      EXPECT_TRUE(std::all_of(row.begin(), row.end(), [](std::uint8_t b) { return b == 0; }));
      return;
    }
    decode_row(GetParam(), row.data(), kBlockColumns, decoded.data());
    for (int start = 0; start < kBlockColumns; start += info().elements) {
      float largest = 0;
      for (int i = start; i < start + info().elements; ++i)
        largest = std::max(largest, std::fabs(values[i]));
      for (int i = start; i < start + info().elements; ++i)
        ASSERT_NEAR(decoded[static_cast<std::size_t>(i)], values[i],
                    traits().encode_error * largest + 0x1p-17f)
            << "row " << r << ", element " << i;
    }
  }
}

// The plain rounding of the field; the digests come from gguf-py.
TEST_P(FormatTraitsOf, EncodersWriteTheBytesOfTheField) {
  if (traits().encode == nullptr || GetParam() == Format::kF32) return;
  const auto golden = nlohmann::json::parse(test::read_block_file("digests.json"));
  const auto original = test::read_npy<float>("original.npy", kValues);
  std::vector<std::uint8_t> rows(
      static_cast<std::size_t>(row_bytes(GetParam(), kBlockRows * kBlockColumns)));
  ASSERT_TRUE(encode_row(GetParam(), original.data(), kValues, rows.data()));
  std::uint64_t digest = kDigestStart;
  for (const std::uint8_t byte : rows) digest = add_to_digest(digest, byte);
  EXPECT_EQ(digest, digest_of(golden.at("encoded_original")));
}

TEST_P(FormatTraitsOf, EncodersTakeExtremeValues) {
  if (traits().encode == nullptr) return;
  const auto elements = static_cast<std::size_t>(info().elements);
  std::vector<std::uint8_t> block(static_cast<std::size_t>(info().block_bytes));
  std::vector<float> decoded(elements);
  for (const float extreme : {0.0f, -0.0f, 0x1p-149f, -0x1p-126f, 1e-30f, 65504.0f, -65504.0f}) {
    std::vector<float> values(elements, 0.0f);
    values[elements / 2] = extreme;
    traits().encode(values.data(), block.data());
    traits().decode(block.data(), decoded.data());
    for (std::size_t i = 0; i < elements; ++i)
      ASSERT_NEAR(decoded[i], values[i], traits().encode_error * std::fabs(extreme) + 0x1p-17f)
          << extreme;
  }
  for (const float bad : {INFINITY, -INFINITY, NAN, 3e38f, -3e38f}) {
    std::vector<float> values(elements, 1.0f);
    values[0] = bad;
    traits().encode(values.data(), block.data());  // any bytes, but nothing undefined
    traits().decode(block.data(), decoded.data());
    EXPECT_EQ(decoded.size(), elements);
  }
}

INSTANTIATE_TEST_SUITE_P(Every, FormatTraitsOf, testing::ValuesIn([] {
                           std::vector<Format> formats = test::reference_formats();
                           formats.push_back(Format::kF32);
                           return formats;
                         }()),
                         test::format_test_name);

}  // namespace
}  // namespace minnow
