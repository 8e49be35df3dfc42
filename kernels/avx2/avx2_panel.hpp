// Panels: 16 rows of 4-, 5- or 6-bit weights as bytes, unpacked once for many tokens.
//
// Codes of 4 bits stay as they are, the unsigned factor of vpmaddubsw: 16 products of 0...15 and
// 127 in a 16-bit lane are at most 30,480.
//
// Codes of 5 and 6 bits are unpacked as signed bytes, and tokens are the unsigned factor, q + 128:
// what has to be taken back, 128 times the sum of the weights' codes, depends on the row only, and
// 16-bit sums begin with it instead of 0. They may wrap around on the way, for the true sum fits at
// the end:
//   32 k: 16 products of -16...15 and 127 in a 16-bit lane are at most 32,512
//   16 k:  8 products of -32...31 (6 bits), the same
// So one vpmaddwd is enough for 8 (6 bits: 4) vpmaddubsw. Codes 0...31 of formats with minimums do
// not fit and are unpacked as -16...15; 16 times the sum of the token's codes is added later.
//
// A unit is 32 k: [n_subs][16 rows][2] 16-bit beginnings (signed codes), [8][16 rows][4] codes,
// [n_subs][16] float scales, [16] offsets (Mins::kBlock). A group is what shares a scale of the
// activations: one unit, or four and then [2][16] pairs of minimums (of sub-blocks 0 and 2, 1 and
// 3), [16] float dmin.
#pragma once

#include "kernels/avx2/avx2_codes.hpp"

namespace minnow::avx2 {
namespace {

struct PanelLayout {
  int n_subs;      // sub-blocks in a unit
  bool is_signed;  // codes are; else they stay as they are, and tokens are the signed factor
  int zero;        // taken from codes when they are unpacked, signed ones only
  int whole;       // times the sum of a token's codes, is added to 32 products
  int codes;       // byte offsets in a unit
  int scales;
  int offsets;
  int unit_bytes;
  int group_units;
  int mins;  // byte offset in a group
  int group_bytes;
};

[[gnu::always_inline]] constexpr PanelLayout panel_layout(Format format) {
  const CodeLayout layout = code_layout(format);
  PanelLayout panel = {};
  panel.n_subs = layout.bits == 6 ? 2 : 1;
  panel.is_signed = layout.bits > 4;
  panel.zero = layout.restores ? 16 : layout.zero;
  panel.whole = layout.restores ? 16 : panel.is_signed ? 0 : -layout.zero;
  panel.codes = panel.is_signed ? kPieceBytes * panel.n_subs : 0;
  panel.scales = panel.codes + 8 * kPieceBytes;
  panel.offsets = panel.scales + kPieceBytes * panel.n_subs;
  panel.unit_bytes = panel.offsets + (layout.mins == Mins::kBlock ? kPieceBytes : 0);
  panel.group_units = layout.units == 1 ? 1 : 4;
  panel.mins = panel.group_units * panel.unit_bytes;
  panel.group_bytes = panel.mins + (layout.mins == Mins::kInteger ? 3 * kPieceBytes : 0);
  return panel;
}

[[gnu::always_inline]] inline void store_bytes(void* bytes, __m256i value) {
  _mm256_store_si256(static_cast<__m256i*>(bytes), value);
}

[[gnu::always_inline]] inline void store_floats(void* floats, __m256 value) {
  _mm256_store_ps(static_cast<float*>(floats), value);
}

// Codes and beginnings of one half of a unit; `out` is the unit plus 32 * half.
template <Format F>
[[gnu::always_inline]] inline void unpack_codes(const std::uint8_t* half_tile, int unit,
                                                std::uint8_t* out) {
  constexpr PanelLayout kPanel = panel_layout(F);
  constexpr int kPieces = 8 / kPanel.n_subs;
  if constexpr (!kPanel.is_signed) {
#pragma GCC unroll 8
    for (int g = 0; g < 8; ++g) {
      store_bytes(out + kPanel.codes + kPieceBytes * g, codes_of<F>(half_tile, unit, g));
    }
    return;
  }
  const __m256i zero = _mm256_set1_epi8(kPanel.zero);
#pragma GCC unroll 2
  for (int sub = 0; sub < kPanel.n_subs; ++sub) {
    __m256i sums = _mm256_setzero_si256();
#pragma GCC unroll 8
    for (int g = kPieces * sub; g < kPieces * (sub + 1); ++g) {
      const __m256i codes = _mm256_sub_epi8(codes_of<F>(half_tile, unit, g), zero);
      store_bytes(out + kPanel.codes + kPieceBytes * g, codes);
      sums = _mm256_add_epi16(sums, _mm256_maddubs_epi16(_mm256_set1_epi8(1), codes));
    }
    const __m256i begin = _mm256_sub_epi16(_mm256_setzero_si256(), _mm256_slli_epi16(sums, 7));
    store_bytes(out + kPieceBytes * sub, begin);
  }
}

// A tile of Q4_0, Q4_1, Q5_0 or Q5_1: one group.
template <Format F>
void unpack_block(const std::uint8_t* tile, std::uint8_t* group) {
  constexpr PanelLayout kPanel = panel_layout(F);
  for (int half = first_half(); half < 2; ++half) {
    std::uint8_t* const out = group + kHalfBytes * half;
    unpack_codes<F>(tile + kHalfBytes * half, 0, out);
    store_floats(out + kPanel.scales, field_of(tile, half, 0));
    if constexpr (code_layout(F).mins == Mins::kBlock) {
      store_floats(out + kPanel.offsets, field_of(tile, half, 1));
    }
  }
}

// One of the two groups of 128 k in a tile of Q4_K, Q5_K or Q6_K.
template <Format F, int kPart>
[[gnu::always_inline]] inline void unpack_part(const std::uint8_t* tile, int half,
                                               std::uint8_t* group) {
  constexpr PanelLayout kPanel = panel_layout(F);
  const std::uint8_t* const half_tile = tile + kHalfBytes * half;
  std::uint8_t* const out = group + kHalfBytes * half;
  const __m256 d = field_of(tile, half, 0);
#pragma GCC unroll 4
  for (int s = 0; s < 4; ++s) {
    unpack_codes<F>(half_tile, 4 * kPart + s, out + kPanel.unit_bytes * s);
  }
  if constexpr (F == Format::kQ6_K) {
#pragma GCC unroll 8
    for (int i = 0; i < 8; ++i) {
      std::uint8_t* const scales = out + kPanel.unit_bytes * (i / 2) + kPanel.scales;
      store_floats(scales + kPieceBytes * (i & 1),
                   q6_scale(half_tile, d, 4 * kPart + i / 2, i & 1));
    }
  } else {
    const KScales scales = k_scales_of(half_tile + code_layout(F).scales, kPart);
#pragma GCC unroll 4
    for (int s = 0; s < 4; ++s) {
      const __m256 scale = _mm256_cvtepi32_ps(unsigned_byte(scales.scales, s));
      store_floats(out + kPanel.unit_bytes * s + kPanel.scales, _mm256_mul_ps(d, scale));
    }
    const __m256i bytes = _mm256_set1_epi16(255);
    store_bytes(out + kPanel.mins, _mm256_and_si256(scales.mins, bytes));
    store_bytes(out + kPanel.mins + kPieceBytes, _mm256_srli_epi16(scales.mins, 8));
    store_floats(out + kPanel.mins + 2 * kPieceBytes, field_of(tile, half, 1));
  }
}

// n_tiles of 16 rows; panel: n_tiles * units / group_units groups, 64-byte aligned.
template <Format F>
void unpack_panel(const std::uint8_t* tile, std::int64_t n_tiles, std::uint8_t* panel) {
  constexpr CodeLayout kLayout = code_layout(F);
  constexpr PanelLayout kPanel = panel_layout(F);
  for (std::int64_t i = 0; i < n_tiles; ++i) {
    prefetch(tile, kLayout.tile_bytes);
    if constexpr (kLayout.units == 1) {
      unpack_block<F>(tile, panel);
    } else {
      for (int half = first_half(); half < 2; ++half) {
        unpack_part<F, 0>(tile, half, panel);
        unpack_part<F, 1>(tile, half, panel + kPanel.group_bytes);
      }
    }
    tile += kLayout.tile_bytes;
    panel += kPanel.group_bytes * (kLayout.units / kPanel.group_units);
  }
}

}  // namespace
}  // namespace minnow::avx2
