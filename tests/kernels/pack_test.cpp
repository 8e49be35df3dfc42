// Packed weights: what a table writes is what the scalar one writes, and gives the file's bytes
// back.
#include <gtest/gtest.h>

#include "support/integer_cases.hpp"

namespace minnow {
namespace {

using namespace testing_support;

const std::int64_t kSizes[] = {1, 2, 3, 5, 8, 17};  // in blocks

std::string case_name(const KernelTable& table, Format format, int n_rows, std::int64_t k) {
  return std::string(table.name) + " " + format_info(format).name + ", " + std::to_string(n_rows) +
         " rows of " + std::to_string(k);
}

TEST(Pack, IsUndoneByUnpackRow) {
  for (const KernelTable* table : all_tables()) {
    for (Format format : tile_formats()) {
      for (std::int64_t n_blocks : kSizes) {
        const std::int64_t k = n_blocks * format_info(format).elements;
        const auto bytes = static_cast<std::size_t>(row_bytes(format, k));
        const std::vector<std::uint8_t> rows = random_rows(format, kGroupRows, k, 1);
        const Guarded<std::uint8_t> group = pack_matrix(*table, format, rows, kGroupRows, k);
        for (int row = 0; row < kGroupRows; ++row) {
          Guarded<std::uint8_t> back(bytes);
          table->unpack_row(format, group.data(), row, k, back.data());
          ASSERT_EQ(
              std::memcmp(back.data(), rows.data() + static_cast<std::size_t>(row) * bytes, bytes),
              0)
              << case_name(*table, format, row, k);
        }
      }
    }
  }
}

TEST(Pack, WritesWhatTheScalarTableWrites) {
  for (const KernelTable* table : other_tables()) {
    for (Format format : tile_formats()) {
      for (std::int64_t n_blocks : kSizes) {
        for (int n_rows = 1; n_rows <= kGroupRows; ++n_rows) {
          const std::int64_t k = n_blocks * format_info(format).elements;
          const std::int64_t bytes = row_bytes(format, k);
          // Rows further apart than their bytes, the last one at the end of a page.
          const std::int64_t stride = bytes + 6;
          Guarded<std::uint8_t> rows(static_cast<std::size_t>((n_rows - 1) * stride + bytes));
          const std::vector<std::uint8_t> values = random_rows(format, n_rows, k, 2);
          for (int row = 0; row < n_rows; ++row) {
            std::memcpy(rows.data() + row * stride, values.data() + row * bytes,
                        static_cast<std::size_t>(bytes));
          }
          Guarded<std::uint8_t> expected(static_cast<std::size_t>(kGroupRows * bytes));
          Guarded<std::uint8_t> group(expected.size());
          std::memset(group.data(), 0xa5, group.size());  // the whole group is to be written
          kScalarTable.pack(format, rows.data(), stride, n_rows, k, expected.data());
          table->pack(format, rows.data(), stride, n_rows, k, group.data());
          ASSERT_EQ(std::memcmp(group.data(), expected.data(), expected.size()), 0)
              << case_name(*table, format, n_rows, k);
        }
      }
    }
  }
}

// One tile of each kind by the table in kernels/formats/README.md.
TEST(Pack, PutsPiecesWhereTheLayoutSays) {
  const std::vector<std::uint8_t> rows = random_rows(Format::kQ5_0, kGroupRows, 64, 3);
  const Guarded<std::uint8_t> group = pack_matrix(kScalarTable, Format::kQ5_0, rows, 16, 64);
  for (int row = 0; row < kGroupRows; ++row) {
    for (int block = 0; block < 2; ++block) {
      const std::uint8_t* const from = rows.data() + (row * 2 + block) * 22;
      const std::uint8_t* const tile = group.data() + block * 22 * kGroupRows;
      EXPECT_EQ(tile[2 * row], from[0]);
      EXPECT_EQ(tile[2 * row + 1], from[1]);
      for (int g = 0; g < 4; ++g) {
        for (int i = 0; i < 4; ++i) EXPECT_EQ(tile[96 + 64 * g + 4 * row + i], from[6 + 4 * g + i]);
      }
      for (int k = 0; k < 32; ++k) {
        EXPECT_EQ(tile[32 + 4 * row + k % 4] >> (k / 4) & 1, fifth_bit(from + 2, k));
      }
    }
  }
  const std::vector<std::uint8_t> halves = random_rows(Format::kF16, kGroupRows, 3, 4);
  const Guarded<std::uint8_t> packed = pack_matrix(kScalarTable, Format::kF16, halves, 16, 3);
  for (std::size_t row = 0; row < 16; ++row) {
    for (std::size_t k = 0; k < 3; ++k) {
      EXPECT_EQ(packed[2 * (16 * k + row)], halves[2 * (3 * row + k)]);
      EXPECT_EQ(packed[2 * (16 * k + row) + 1], halves[2 * (3 * row + k) + 1]);
    }
  }
}

}  // namespace
}  // namespace minnow
