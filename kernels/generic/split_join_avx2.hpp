// From the planes of a split head to groups of 16 rows, for the tables that have AVX2.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/generic/split_scales_avx2.hpp"

namespace minnow::generic {

// 16 consecutive rows of a plane at some block.
struct PlaneRows {
  const std::uint8_t* bytes;
  std::int64_t stride;

  [[gnu::always_inline]] __m128i load(int row) const {
    const void* const source = bytes + row * stride;
    return _mm_loadu_si128(static_cast<const __m128i*>(source));
  }
};

// The scales of a stretch, in front of their tiles.
[[gnu::always_inline]] inline void join_scales(const std::uint8_t* scales, std::int64_t stride,
                                               std::uint8_t* tiles) {
  for (int first = 0; first < kGroupRows; first += kStretchRows) {
    __m128i halves[kStretchBlocks];
    stretch_scales<true>([=](int i) { return scales + (first + i) * stride; }, kStretchBlocks,
                         halves);
#pragma GCC unroll 8
    for (int b = 0; b < kStretchBlocks; ++b) {
      void* const to = tiles + b * kSplitBlockBytes * kGroupRows + 2 * first;
      _mm_storeu_si128(static_cast<__m128i*>(to), halves[b]);
    }
  }
}

// The same for the n blocks of a last, shorter stretch.
[[gnu::always_inline]] inline void join_scales(const std::uint8_t* scales, std::int64_t stride,
                                               int n, std::uint8_t* tiles) {
  for (int b = 0; b < n; ++b) {
    for (int i = 0; i < kGroupRows; ++i)
      __builtin_memcpy(tiles + 2 * i, scales + i * stride + 2 * b, 2);
    tiles += kSplitBlockBytes * kGroupRows;
  }
}

// The tiles of rows first_row...first_row + 15. join_block(upper, lower, pieces) writes the eight
// pieces of one. Meanwhile the rows 32 further on are fetched, since groups are made in pairs;
// their upper plane is MatmulArgs::upcoming.
template <class JoinBlock>
[[gnu::always_inline]] inline void join_rows(const SplitMatrix& matrix, std::int64_t first_row,
                                             std::uint8_t* tiles, const JoinBlock& join_block) {
  constexpr std::int64_t kAheadRows = 2 * kGroupRows;
  constexpr int kTileBytes = kSplitBlockBytes * kGroupRows;
  const SplitLayout at = split_layout(matrix.format, matrix.n_rows, matrix.k);
  const std::int64_t n_blocks = matrix.k / kSplitBlock;
  PlaneRows upper = {matrix.data + at.upper + first_row * (matrix.k / 2), matrix.k / 2};
  PlaneRows lower = {matrix.data + at.lower + first_row * (matrix.k / 2), matrix.k / 2};
  const std::uint8_t* scales = matrix.data + at.scales + first_row * n_blocks * 2;
  std::int64_t ahead = kAheadRows * (matrix.k / 2);  // of bytes read, in the order of memory
  prefetch_lines(scales + kAheadRows * n_blocks * 2, kGroupRows * n_blocks * 2);
  for (std::int64_t block = 0; block < n_blocks; block += kStretchBlocks) {
    const std::int64_t rest = n_blocks - block;
    const int n = rest < kStretchBlocks ? static_cast<int>(rest) : kStretchBlocks;
    if (n == kStretchBlocks)
      join_scales(scales + 2 * block, 2 * n_blocks, tiles);
    else
      join_scales(scales + 2 * block, 2 * n_blocks, n, tiles);
    for (int b = 0; b < n; ++b) {
      prefetch_lines(lower.bytes + ahead, 16 * kGroupRows);
      ahead += 16 * (kGroupRows - 1);
      join_block(upper, lower, tiles + 2 * kGroupRows);
      upper.bytes += 16;
      lower.bytes += 16;
      tiles += kTileBytes;
    }
  }
}

}  // namespace minnow::generic
