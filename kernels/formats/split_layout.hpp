// How an output head is stored when it is screened (README.md, "Split"): rows one after another in
// two planes of bits, so that the upper bits of all rows are one stream and any single row is a few
// cache lines.
//
// Unsigned code u = code + zero, of which the low kLowBits are `low` and the rest, four bits, are
// `high`. A byte of a plane of nibbles holds k = 32b + i in its low half and k = 32b + 16 + i in
// its high one (byte 16b + i of the row).
#pragma once

#include <cstdint>

#include "kernels/formats/format.hpp"

namespace minnow {

// A matrix in that form. Rows need no padding.
struct SplitMatrix {
  Format format;
  std::int64_t n_rows;
  std::int64_t k;
  const std::uint8_t* data;  // split_layout().n_bytes, 64-byte aligned
};

// Byte offsets of the parts; each begins on a cache line.
struct SplitLayout {
  std::int64_t upper;   // [n_rows, k / 2]: four high bits a code
  std::int64_t scales;  // [n_rows, k / elements]: float16 d
  std::int64_t norms;   // [n_rows, k / 32]: bounds of what `lower` may add, see split_norm_unit()
  std::int64_t lower;   // [n_rows, k / 2]: the low bits
  std::int64_t n_bytes;
};

// Which formats can be stored so.
[[gnu::always_inline]] constexpr bool can_split(Format format) {
  return format == Format::kQ8_0;
}

[[gnu::always_inline]] constexpr SplitLayout split_layout(Format /*format*/, std::int64_t n_rows,
                                                          std::int64_t k) {
  constexpr std::int64_t kLine = 64;
  SplitLayout layout = {};
  layout.scales = (layout.upper + n_rows * (k / 2) + kLine - 1) / kLine * kLine;
  layout.norms = (layout.scales + n_rows * (k / 32) * 2 + kLine - 1) / kLine * kLine;
  layout.lower = (layout.norms + n_rows * (k / 32) + kLine - 1) / kLine * kLine;
  layout.n_bytes = (layout.lower + n_rows * (k / 2) + kLine - 1) / kLine * kLine;
  return layout;
}

// A norm byte n says: the Euclidean norm of (low - 7.5) over the block's 32 codes is at most n / 6.
// n is the least such number: n * n >= 9 * sum of (2 low - 15)^2, which is at most 64,800.
inline constexpr float kSplitNormsPerUnit = 6.0f;
// What screening takes a code for without its low bits: 16 high + kSplitCentre (zero taken off).
inline constexpr float kSplitCentre = 7.5f - 128.0f;

}  // namespace minnow
