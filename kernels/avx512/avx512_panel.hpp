// A panel: the codes of 16 or 32 rows and up to 512 k as bytes, in scratch, with their scales; and
// what the tokens of a tile bring to it. Everything is in an anonymous namespace.
#pragma once

#include <cstdint>

#include "kernels/api/kernel_table.hpp"
#include "kernels/avx512/avx512_intrinsics.hpp"

namespace minnow::avx512 {
namespace {

using std::int16_t;
using std::int32_t;
using std::int64_t;
using std::int8_t;
using std::uint8_t;

// 16 KiB of codes: with scales, the activations of a tile and its sums they stay in a first-level
// cache of 32 KiB. A token's sums of 16 activations are one vector.
constexpr int kPanelK = 512;
// Tokens of a register tile, at most: 2 x 6 chains of vpdpbusd, and 12 vectors of floats.
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

// What the tokens of a tile bring to a panel besides their codes. It is made for every tile again,
// which costs a tenth of reading it from tables for all tokens.
struct alignas(64) TileTables {
  // Where the integer dot of a sub-block starts: -zero * the sum of its activations' codes.
  int32_t starts[kTileTokens][kPanelK / 16];  // [token][k / sub]
  // Mins::kBlock: the sum of 32 codes as a float, [token][k / 32]. Mins::kInteger: the sums of two
  // sub-blocks in the halves of a lane, [token][k / sub / 2].
  int32_t extra[kTileTokens][kPanelK / 32];
  float scales[kTileTokens][kPanelK / 32];  // [token][k / x_group]
};

struct PanelScratch {
  Panel panel;
  TileTables tables;
  // Sums of a chunk's tokens so far, [kBlockGroups / R][token][R][16 rows].
  float sums[kBlockGroups * kChunkTokens * 16];
};

// The codes of a tile's tokens from the panel's first k on.
struct TokenCodes {
  const int8_t* codes;  // [T][k], stride apart
  int64_t stride;
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
