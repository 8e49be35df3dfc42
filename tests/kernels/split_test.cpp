// Split heads: what a table stores is what the scalar one stores, gives the file's bytes back, and
// multiplies as the packed matrix does.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "support/split_cases.hpp"

namespace minnow {
namespace {

using namespace testing_support;

std::string case_name(const KernelTable& table, std::int64_t n_rows, std::int64_t k) {
  return std::string(table.name) + ", " + std::to_string(n_rows) + " rows of " + std::to_string(k);
}

TEST(Split, StoresWhatTheScalarTableStores) {
  for (const KernelTable* table : other_tables()) {
    for (const std::int64_t k : kSplitSizes) {
      for (const std::int64_t n_rows : {1, 2, 16, 33}) {
        const std::vector<std::uint8_t> rows = random_rows(Format::kQ8_0, n_rows, k, 3);
        const SplitHead expected(kScalarTable, Format::kQ8_0, rows, n_rows, k);
        const SplitHead head(*table, Format::kQ8_0, rows, n_rows, k);
        ASSERT_EQ(std::memcmp(head.data(), expected.data(), head.size()), 0)
            << case_name(*table, n_rows, k);
      }
    }
  }
}

TEST(Split, StoresRowsApartAsTogether) {
  for (const KernelTable* table : all_tables()) {
    const std::int64_t k = 96;
    const std::vector<std::uint8_t> rows = random_rows(Format::kQ8_0, 21, k, 4);
    const SplitHead together(*table, Format::kQ8_0, rows, 21, k);
    SplitHead apart(*table, Format::kQ8_0, rows, 21, k);
    std::memset(apart.data(), 0, apart.size());
    const std::int64_t bytes = row_bytes(Format::kQ8_0, k);
    for (std::int64_t row = 0; row < 21; row += 5) {
      table->split_rows(apart.matrix(), row, rows.data() + row * bytes,
                        std::min<std::int64_t>(5, 21 - row), apart.data());
    }
    EXPECT_EQ(std::memcmp(apart.data(), together.data(), apart.size()), 0) << table->name;
  }
}

TEST(Split, NormBytesAreTheLeastThatBound) {
  const std::int64_t k = 32 * 64;
  const std::vector<std::uint8_t> rows = random_rows(Format::kQ8_0, 4, k, 5);
  const SplitHead head(kScalarTable, Format::kQ8_0, rows, 4, k);
  const SplitLayout at = split_layout(Format::kQ8_0, 4, k);
  for (std::int64_t block = 0; block < 4 * k / 32; ++block) {
    double squares = 0;
    for (int i = 0; i < 32; ++i) {
      const int low = rows[static_cast<std::size_t>(block * 34 + 2 + i)] & 15;
      squares += (low - 7.5) * (low - 7.5);
    }
    const double norm = std::sqrt(squares);
    const int byte = head.data()[at.norms + block];
    EXPECT_GE(byte / 6.0, norm - 1e-12);
    EXPECT_LT((byte - 1) / 6.0, norm);
  }
}

TEST(Split, IsUndoneByJoinRow) {
  for (const KernelTable* table : all_tables()) {
    for (const std::int64_t k : kSplitSizes) {
      const std::vector<std::uint8_t> rows = random_rows(Format::kQ8_0, 19, k, 6);
      const SplitHead head(*table, Format::kQ8_0, rows, 19, k);
      const auto bytes = static_cast<std::size_t>(row_bytes(Format::kQ8_0, k));
      for (std::size_t row = 0; row < 19; ++row) {
        Guarded<std::uint8_t> back(bytes);
        table->join_row(head.matrix(), static_cast<std::int64_t>(row), back.data());
        ASSERT_EQ(std::memcmp(back.data(), rows.data() + row * bytes, bytes), 0)
            << case_name(*table, 19, k);
      }
    }
  }
}

TEST(Split, JoinsGroupsAsPackWritesThem) {
  for (const KernelTable* table : all_tables()) {
    for (const std::int64_t k : kSplitSizes) {
      for (int n_rows = 1; n_rows <= kGroupRows; ++n_rows) {
        const std::int64_t first = 7;
        const std::vector<std::uint8_t> rows = random_rows(Format::kQ8_0, first + n_rows, k, 8);
        const SplitHead head(*table, Format::kQ8_0, rows, first + n_rows, k);
        const std::int64_t bytes = row_bytes(Format::kQ8_0, k);
        Guarded<std::uint8_t> expected(static_cast<std::size_t>(kGroupRows * bytes));
        Guarded<std::uint8_t> group(expected.size());
        std::memset(group.data(), 0x5a, group.size());
        kScalarTable.pack(Format::kQ8_0, rows.data() + first * bytes, bytes, n_rows, k,
                          expected.data());
        table->join_group(head.matrix(), first, n_rows, group.data());
        ASSERT_EQ(std::memcmp(group.data(), expected.data(), group.size()), 0)
            << case_name(*table, n_rows, k);
      }
    }
  }
}

TEST(Split, MultipliesAsThePackedMatrixDoes) {
  for (const KernelTable* table : all_tables()) {
    for (const std::int64_t k : kSplitSizes) {
      const std::int64_t n_rows = 37;
      const std::vector<std::uint8_t> rows = random_rows(Format::kQ8_0, n_rows, k, 9);
      const SplitHead head(*table, Format::kQ8_0, rows, n_rows, k);
      const Activations x = random_activations(1, k, 32, 10);
      const std::vector<float> expected = packed_products(Format::kQ8_0, rows, n_rows, k, x);
      for (const std::int64_t n : {1, 3, 15, 16, 17, 37}) {
        const std::int64_t first = n < 20 ? 20 - n : 0;
        Guarded<float> out(static_cast<std::size_t>(n));
        table->split_products(head.matrix(), nullptr, first, n, x.rows(), out.data());
        ASSERT_EQ(std::memcmp(out.data(), expected.data() + first, out.size() * sizeof(float)), 0)
            << case_name(*table, n, k);
      }
    }
  }
}

TEST(Split, MultipliesAnyRows) {
  std::mt19937 engine(11);
  for (const KernelTable* table : all_tables()) {
    const std::int64_t n_rows = 200;
    const std::int64_t k = 640;
    const std::vector<std::uint8_t> rows = random_rows(Format::kQ8_0, n_rows, k, 12);
    const SplitHead head(*table, Format::kQ8_0, rows, n_rows, k);
    const Activations x = random_activations(1, k, 32, 13);
    const std::vector<float> expected = packed_products(Format::kQ8_0, rows, n_rows, k, x);
    for (std::size_t n = 1; n <= 50; ++n) {
      Guarded<std::int32_t> chosen(n);
      for (std::int32_t& row : chosen) row = static_cast<std::int32_t>(engine() % 200);
      Guarded<float> out(n);
      table->split_products(head.matrix(), chosen.data(), 0, static_cast<std::int64_t>(n), x.rows(),
                            out.data());
      for (std::size_t i = 0; i < n; ++i) {
        ASSERT_EQ(std::memcmp(&out[i], &expected[static_cast<std::size_t>(chosen[i])], 4), 0)
            << table->name << ", row " << chosen[i];
      }
    }
  }
}

}  // namespace
}  // namespace minnow
