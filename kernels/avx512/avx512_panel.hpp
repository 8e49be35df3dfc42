// A panel: the codes of 16 or 32 rows and up to 512 k as bytes, in scratch, with their scales; and
// what the tokens of a tile bring to it. Everything is in an anonymous namespace.
#pragma once

#include <cstdint>

#include "kernels/avx512/avx512_token_tables.hpp"

namespace minnow::avx512 {
namespace {

// 16 KiB of codes: with scales, the activations of a tile and its sums they stay in a first-level
// cache of 32 KiB.
constexpr int kPanelK = 512;
// Tokens of a register tile, at most. Of 4, 5 and 6 five reach the most in every format: with six
// g++ moves registers about (74 % of the peak in the first-level cache; five 78, four 77).
constexpr int kTileTokens = 5;
// Tokens that share one unpacking of a panel.
constexpr int kChunkTokens = 256;
// Row groups whose sums wait in scratch while their tokens' codes of other k are met: these codes
// then come from the second-level cache and not from the third.
constexpr int kBlockGroups = 8;

// R row groups of 16, side by side: [...][R][16 rows].
struct alignas(64) Panel {
  uint8_t codes[kPanelK * 32];               // [k / 4][R][16][4], code + zero, unsigned
  float scales[kPanelK / 16 * 32];           // [k / sub][R][16]
  float offsets[kPanelK / 32 * 32];          // Mins::kBlock: m, [k / 32][R][16]
  float dmin[kPanelK / 128 * 32];            // Mins::kInteger: [k / 128][R][16]
  int32_t min_pairs[kPanelK / 16 / 2 * 32];  // Mins::kInteger: of two sub-blocks in the halves of a
                                             // lane, [k / sub / 2][R][16]
};

constexpr int kChunkTiles = (kChunkTokens + kTileTokens - 1) / kTileTokens;

struct PanelScratch {
  Panel panel;
  // Of a chunk's tiles and one stretch of k; behind them one that is only prefetched.
  TileTables tables[kChunkTiles + 1];
  // Sums of a chunk's tokens so far, [kBlockGroups / R][token][R][16 rows].
  float sums[kBlockGroups * kChunkTokens * 16];
};

// Where the sums of a tile come from and go to.
struct TileSums {
  float* partial;  // [T][R][16 rows]
  bool first;      // starts with zeros, not with partial
  bool last;       // ends in out, not in partial
  float* out;      // [T][16 R], out_stride apart
  int64_t out_stride;
  __mmask16 rows[2];  // of the R groups, those that exist
};

}  // namespace
}  // namespace minnow::avx512
