// A panel: the codes of 16 or 32 rows and up to 1,024 k as bytes, in scratch, with their scales;
// and what every token brings to it. Everything is in an anonymous namespace.
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

// 32 KiB of codes: with the activations of five tokens they stay in the first-level cache.
constexpr int kPanelK = 1024;
// Tokens that share one unpacking of a panel.
constexpr int kChunkTokens = 256;

// R row groups of 16, side by side: [...][R][16 rows].
struct alignas(64) Panel {
  uint8_t codes[kPanelK * 32];               // [k / 4][R][16][4], code + zero, unsigned
  float scales[kPanelK / 16 * 32];           // [k / sub][R][16]
  float offsets[kPanelK / 32 * 32];          // Mins::kBlock: m, [k / 32][R][16]
  float dmin[kPanelK / 128 * 32];            // Mins::kInteger: [k / 128][R][16]
  int32_t min_pairs[kPanelK / 16 / 2 * 32];  // Mins::kInteger: of two sub-blocks in the halves of a
                                             // lane, [k / sub / 2][R][16]
};

// What tokens bring to a panel besides their codes; computed once for all rows that meet its k. The
// distance between tokens is a constant, which saves a register for each.
struct alignas(64) TokenTables {
  // Where the integer dot of a sub-block starts: -zero * the sum of its activations' codes.
  int32_t starts[kChunkTokens][kPanelK / 16];  // [token][k / sub]
  // Mins::kBlock: the sum of 32 codes as a float, [token][k / 32]. Mins::kInteger: the sums of two
  // sub-blocks in the halves of a lane, [token][k / sub / 2].
  int32_t extra[kChunkTokens][kPanelK / 32];
  float scales[kChunkTokens][kPanelK / 32];  // [token][k / x_group]
};

struct PanelScratch {
  Panel panel;
  TokenTables tokens;
};

// What a tile of rows and tokens needs: the first token's and first k's addresses.
struct PanelTokens {
  const int8_t* codes;  // [T][k], codes_stride apart
  int64_t codes_stride;
  const int32_t (*starts)[kPanelK / 16];
  const int32_t (*extra)[kPanelK / 32];
  const float (*scales)[kPanelK / 32];
  float* out;  // [T][16 R], out_stride apart
  int64_t out_stride;
};

}  // namespace
}  // namespace minnow::avx512
