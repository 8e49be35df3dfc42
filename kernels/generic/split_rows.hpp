// What the tables' kernels for split heads (kernels/formats/split_layout.hpp) have in common: where
// rows lie, fetching them ahead, and the few numbers at a row's end.
#pragma once

#include <cstdint>

#include "kernels/api/kernel_table.hpp"

namespace minnow::generic {

inline constexpr int kSplitBlock = 32;
inline constexpr int kSplitBlockBytes = 34;  // of Q8_0, which is split

// The parts of ROWS rows.
template <int ROWS>
struct SplitRows {
  const std::uint8_t* upper[ROWS];
  const std::uint8_t* lower[ROWS];
  const std::uint8_t* scales[ROWS];
};

// n rows from place `first` of a list, or of those from first_row on when `rows` is nullptr. Those
// beyond n are the last one again.
template <int ROWS>
[[gnu::always_inline]] inline SplitRows<ROWS> find_split_rows(const SplitMatrix& matrix,
                                                              const std::int32_t* rows,
                                                              std::int64_t first_row,
                                                              std::int64_t first, int n) {
  const SplitLayout at = split_layout(matrix.format, matrix.n_rows, matrix.k);
  SplitRows<ROWS> found;
  for (int i = 0; i < ROWS; ++i) {
    const std::int64_t place = first + (i < n ? i : n - 1);
    const std::int64_t row = rows == nullptr ? first_row + place : rows[place];
    found.upper[i] = matrix.data + at.upper + row * (matrix.k / 2);
    found.lower[i] = matrix.data + at.lower + row * (matrix.k / 2);
    found.scales[i] = matrix.data + at.scales + row * (matrix.k / kSplitBlock) * 2;
  }
  return found;
}

// Rows that meet a step together are not read in the order in which they lie, so the hardware does
// not follow; without this, bounds come at 60 % of the speed of memory.
[[gnu::always_inline]] inline void prefetch_lines(const std::uint8_t* bytes, std::int64_t n) {
  for (std::int64_t i = 0; i < n; i += 64) __builtin_prefetch(bytes + i);
}

// What products of ROWS rows fetch of the rows to come: a line of each plane beside each row of
// each step of four blocks. The same lines sixteen at a time reach 79 to 87 % of a plain read, not
// 91 to 97 %. Rows that follow each other are three streams, which are fetched in the order of
// memory; rows of a list are those that come next in it.
template <int ROWS>
class SplitPrefetch {
 public:
  // At place `first` of n rows.
  [[gnu::always_inline]] SplitPrefetch(const SplitMatrix& matrix, const std::int32_t* rows,
                                       std::int64_t first_row, std::int64_t first, std::int64_t n)
      : is_on_(first + ROWS < n), is_list_(rows != nullptr) {
    if (!is_on_) return;
    const std::int64_t n_left = n - first - ROWS;
    next_ = find_split_rows<ROWS>(matrix, rows, first_row, first + ROWS,
                                  n_left < ROWS ? static_cast<int>(n_left) : ROWS);
    if (is_list_) return;
    const std::int64_t row_bytes = matrix.k / 2;
    const std::int64_t ahead =
        kAheadRows * row_bytes > kAheadBytes ? kAheadRows * row_bytes : kAheadBytes;
    next_.upper[0] += ahead - ROWS * row_bytes;
    next_.lower[0] += ahead - ROWS * row_bytes;
    next_.scales[0] += (2 * ahead - ROWS * row_bytes) / 8;
  }

  // The share of blocks block...block + 3 that goes with row i.
  [[gnu::always_inline]] void step(std::int64_t block, int i) const {
    if (!is_on_) return;
    if (!is_list_) {
      const std::int64_t offset = ROWS * 16 * block + 64 * i;
      __builtin_prefetch(next_.upper[0] + offset);
      __builtin_prefetch(next_.lower[0] + offset);
      if (i % 8 == 0) __builtin_prefetch(next_.scales[0] + ROWS * 2 * block + 8 * i);
      return;
    }
    __builtin_prefetch(next_.upper[i] + 16 * block);
    __builtin_prefetch(next_.lower[i] + 16 * block);
    if (block % 32 == 0) __builtin_prefetch(next_.scales[i] + 2 * block);
  }

 private:
  // Of each plane, the greater of both; 12 rows and 16 rows are up to 8 % slower.
  static constexpr std::int64_t kAheadBytes = 8192;
  static constexpr std::int64_t kAheadRows = 16;
  bool is_on_;
  bool is_list_;
  SplitRows<ROWS> next_;
};

// The first n bytes of memory, at most 8; the rest is zero and not read. Through registers: a
// vector loaded from small stores would wait for all of them.
[[gnu::always_inline]] inline long long load_up_to_8(const std::uint8_t* bytes, int n) {
  std::uint64_t value = 0;
  if (n >= 8) {
    __builtin_memcpy(&value, bytes, 8);
    return static_cast<long long>(value);
  }
  int i = 0;
  if (n >= 4) {
    std::uint32_t low = 0;
    __builtin_memcpy(&low, bytes, 4);
    value = low;
    i = 4;
  }
  for (; i < n; ++i) value |= static_cast<std::uint64_t>(bytes[i]) << (8 * i);
  return static_cast<long long>(value);
}

}  // namespace minnow::generic
