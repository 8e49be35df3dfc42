#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <new>
#include <vector>

#include <gtest/gtest.h>

#include "format/format_traits.hpp"
#include "format_blocks.hpp"

namespace minnow {
namespace {

using test::kBlockColumns;
using test::kBlockRows;

// 64-byte aligned bytes that end where the heap block ends; filled with rubbish.
class Buffer {
 public:
  explicit Buffer(std::size_t n_bytes)
      : data_(static_cast<char*>(::operator new (n_bytes, std::align_val_t{64}))) {
    std::memset(data_, 0x5a, n_bytes);
  }
  ~Buffer() { ::operator delete (data_, std::align_val_t{64}); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  char* data() { return data_; }

 private:
  char* data_;
};

std::vector<Format> group_formats() {
  std::vector<Format> formats;
  for (const FormatInfo& info : kFormats)
    if (info.sub != 0 && info.mins != Mins::kBlock) formats.push_back(info.format);
  return formats;
}

class CodeGroupOf : public testing::TestWithParam<Format> {};

// The value of element k of a row, by the layout that KernelTable promises.
float group_value(const FormatInfo& info, const CodeGroup& group, int row, int k) {
  const int code = group.codes[k / 4 * 64 + row * 4 + k % 4];
  const int sub = k / info.sub * kGroupRows + row;
  const float product = group.scales[sub] * static_cast<float>(code);
  if (info.mins == Mins::kNone) return product;
  return product - group.dmin[k / 256 * kGroupRows + row] * static_cast<float>(group.mins[sub]);
}

TEST_P(CodeGroupOf, HasTheValuesOfItsRows) {
  const FormatInfo& info = format_info(GetParam());
  const std::string rows = test::reference_rows(GetParam());
  const std::int64_t stride = row_bytes(GetParam(), kBlockColumns);
  for (int n_rows = 1; n_rows <= kBlockRows; ++n_rows) {
    Buffer buffer(code_group_bytes(GetParam(), kBlockColumns));
    CodeGroup group;
    decode_group(GetParam(), rows.data(), stride, n_rows, kBlockColumns, buffer.data(), &group);
    EXPECT_EQ(group.format, GetParam());
    EXPECT_EQ(group.mins != nullptr, info.mins == Mins::kInteger);
    EXPECT_EQ(group.dmin != nullptr, info.mins == Mins::kInteger);
    std::vector<float> values(kBlockColumns);
    for (int row = 0; row < kGroupRows; ++row) {
      std::fill(values.begin(), values.end(), 0.0f);
      if (row < n_rows)
        decode_row(GetParam(), rows.data() + row * stride, kBlockColumns, values.data());
      for (int k = 0; k < kBlockColumns; ++k)
        ASSERT_EQ(group_value(info, group, row, k), values[static_cast<std::size_t>(k)])
            << "row " << row << ", element " << k;
    }
  }
}

TEST_P(CodeGroupOf, TakesSixteenRowsAtAnyStride) {
  const FormatInfo& info = format_info(GetParam());
  const int k = std::max(info.elements, 64);
  const std::int64_t bytes = row_bytes(GetParam(), k);
  const std::int64_t stride = bytes + 3;
  const auto rows = test::random_bytes(7, static_cast<std::size_t>(15 * stride + bytes));
  Buffer buffer(code_group_bytes(GetParam(), k));
  CodeGroup group;
  decode_group(GetParam(), rows.data(), stride, kGroupRows, k, buffer.data(), &group);
  for (int row = 0; row < kGroupRows; ++row)
    for (int start = 0; start < k; start += info.elements) {
      RuleBlock block;
      const auto* at = rows.data() + row * stride + start / info.elements * info.block_bytes;
      format_traits(GetParam()).decode_rule(at, &block);
      for (int i = 0; i < info.elements; ++i)
        ASSERT_EQ(group.codes[(start + i) / 4 * 64 + row * 4 + i % 4], block.codes[i]);
      for (int s = 0; s < info.elements / info.sub; ++s) {
        const float* scale = &group.scales[(start / info.sub + s) * kGroupRows + row];
        ASSERT_EQ(std::memcmp(scale, &block.scales[s], sizeof *scale), 0);  // may be a NaN
      }
    }
}

INSTANTIATE_TEST_SUITE_P(Every, CodeGroupOf, testing::ValuesIn(group_formats()),
                         test::format_test_name);

TEST(CodeGroup, HasNoPlaceForFloatsAndBlockOffsets) {
  for (const Format format :
       {Format::kF32, Format::kF16, Format::kBF16, Format::kQ4_1, Format::kQ5_1})
    EXPECT_EQ(code_group_bytes(format, 512), 0u);
}

}  // namespace
}  // namespace minnow
