// The product of the canonical rule, computed step by step from decode_rule, against the exact
// product of the reference values.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "format/format_traits.hpp"
#include "format_blocks.hpp"

namespace minnow {
namespace {

using test::kBlockColumns;
using test::kBlockRows;

// The activations as the rule rounds them.
struct QuantRow {
  std::vector<int> codes;
  std::vector<float> scales;
};

QuantRow quantize(const std::vector<float>& x, int group) {
  QuantRow row;
  for (std::size_t start = 0; start < x.size(); start += static_cast<std::size_t>(group)) {
    float largest = 0;
    for (int i = 0; i < group; ++i) largest = std::max(largest, std::fabs(x[start + i]));
    row.scales.push_back(largest / 127);
    for (int i = 0; i < group; ++i)
      row.codes.push_back(static_cast<int>(std::nearbyint(x[start + i] * (127 / largest))));
  }
  return row;
}

// The part of a block that lies in one group of activations.
float group_product(const FormatInfo& info, const RuleBlock& block, int start, const int* codes,
                    float x_scale, float acc) {
  float p = 0;
  int min_sum = 0;
  for (int at = start; at < start + info.x_group; at += info.sub) {
    const int s = at / info.sub;
    int sum = 0;
    int x_sum = 0;
    for (int i = 0; i < info.sub; ++i) {
      sum += block.codes[at + i] * codes[at - start + i];
      x_sum += codes[at - start + i];
    }
    p = std::fma(static_cast<float>(sum), block.scales[s], p);
    if (info.mins == Mins::kInteger) min_sum += block.mins[s] * x_sum;
    if (info.mins == Mins::kBlock) p = std::fma(static_cast<float>(x_sum), block.block_min, p);
  }
  if (info.mins == Mins::kInteger) p = std::fma(static_cast<float>(min_sum), -block.dmin, p);
  return std::fma(p, x_scale, acc);
}

float rule_product(const FormatTraits& traits, const char* row, const QuantRow& x) {
  const FormatInfo& info = *traits.info;
  float acc = 0;
  for (int k = 0; k < kBlockColumns; k += info.elements, row += info.block_bytes) {
    RuleBlock block;
    traits.decode_rule(row, &block);
    for (int start = 0; start < info.elements; start += info.x_group)
      acc = group_product(info, block, start, x.codes.data() + k + start,
                          x.scales[static_cast<std::size_t>((k + start) / info.x_group)], acc);
  }
  return acc;
}

class FormatProductOf : public testing::TestWithParam<Format> {};

TEST_P(FormatProductOf, IsWithinItsBound) {
  const FormatTraits& traits = format_traits(GetParam());
  const FormatInfo& info = *traits.info;
  const std::string rows = test::reference_rows(GetParam());
  const auto x = test::read_npy<float>("x.npy", kBlockColumns);
  const auto y = test::read_npy<double>(std::string(info.name) + ".y.npy", kBlockRows);
  std::vector<float> w(kBlockColumns);
  for (int row = 0; row < kBlockRows; ++row) {
    const char* bytes = rows.data() + row * row_bytes(GetParam(), kBlockColumns);
    decode_row(GetParam(), bytes, kBlockColumns, w.data());
    float product = 0;
    double size = 0;
    const int group = info.x_group != 0 ? info.x_group : 1;
    for (int start = 0; start < kBlockColumns; start += group) {
      double largest = 0;
      double weights = 0;
      for (int i = start; i < start + group; ++i) {
        largest = std::max(largest, std::fabs(double{x[static_cast<std::size_t>(i)]}));
        weights += std::fabs(double{w[static_cast<std::size_t>(i)]});
        product = std::fma(w[static_cast<std::size_t>(i)], x[static_cast<std::size_t>(i)], product);
      }
      size += largest * weights;
    }
    if (info.x_group != 0) product = rule_product(traits, bytes, quantize(x, info.x_group));
    EXPECT_LE(std::fabs(product - y[static_cast<std::size_t>(row)]), traits.product_error * size)
        << "row " << row;
  }
}

INSTANTIATE_TEST_SUITE_P(Every, FormatProductOf, testing::ValuesIn(test::reference_formats()),
                         test::format_test_name);

}  // namespace
}  // namespace minnow
