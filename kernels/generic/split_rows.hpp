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
