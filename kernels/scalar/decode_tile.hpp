// One tile of 16 rows as plain numbers: what every integer format becomes before the arithmetic.
// Include in one file of kernels/scalar only; everything is in an anonymous namespace.
#pragma once

#include <cstdint>
#include <cstring>

#include "kernels/formats/k_scales.hpp"
#include "kernels/formats/tile_layout.hpp"
#include "kernels/generic/half.hpp"

namespace minnow::scalar {
namespace {

constexpr int kRows = kGroupRows;

// A block of at most 256 weights of 16 rows. The members that CodeGroup has too have its layout.
struct DecodedTile {
  std::int8_t codes[256 * kRows];  // [k / 4][16][4], code - zero
  float scales[16 * kRows];        // [k / sub][16]
  float offsets[kRows];            // m, Mins::kBlock only
  std::uint8_t mins[16 * kRows];   // [k / sub][16], Mins::kInteger only
  float dmin[kRows];               // Mins::kInteger only
};

// A tile's parts by number, as kernels/formats/README.md lists them.
template <Format F>
struct TileParts {
  static constexpr TileLayout kLayout = tile_layout(F);
  const std::uint8_t* tile;

  void field(int number, float* values) const {
    for (int row = 0; row < kRows; ++row) {
      std::uint16_t half = 0;
      std::memcpy(&half, tile + 2 * (number * kRows + row), 2);
      values[row] = generic::half_to_float(half);
    }
  }
  // The 64 bytes [16 rows][4] of a piece.
  const std::uint8_t* piece(int number) const {
    return tile + 2 * kRows * kLayout.n_fields + 4 * kRows * number;
  }
};

// codes = the nibbles of a piece at `shift`, plus the bit `bit` of `high` as the fifth, minus zero.
void decode_nibbles(const std::uint8_t* piece, int shift, const std::uint8_t* high, int bit,
                    int zero, std::int8_t* codes) {
  for (int i = 0; i < 4 * kRows; ++i) {
    const int fifth = high == nullptr ? 0 : (high[i] >> bit & 1) << 4;
    codes[i] = static_cast<std::int8_t>((piece[i] >> shift & 15) + fifth - zero);
  }
}

// Q4_0, Q4_1, Q5_0 and Q5_1.
template <Format F>
void decode_32_nibbles(const TileParts<F>& parts, int zero, DecodedTile& out) {
  constexpr bool kHigh = TileParts<F>::kLayout.high_bits;
  const std::uint8_t* const high = kHigh ? parts.piece(0) : nullptr;
  for (int g = 0; g < 4; ++g) {
    const std::uint8_t* const piece = parts.piece(g + (kHigh ? 1 : 0));
    decode_nibbles(piece, 0, high, g, zero, out.codes + 64 * g);
    decode_nibbles(piece, 4, high, 4 + g, zero, out.codes + 64 * (4 + g));
  }
  parts.field(0, out.scales);
  if (TileParts<F>::kLayout.n_fields == 2) parts.field(1, out.offsets);
}

void decode(const TileParts<Format::kQ4_0>& parts, DecodedTile& out) {
  decode_32_nibbles(parts, 8, out);
}
void decode(const TileParts<Format::kQ4_1>& parts, DecodedTile& out) {
  decode_32_nibbles(parts, 0, out);
}
void decode(const TileParts<Format::kQ5_0>& parts, DecodedTile& out) {
  decode_32_nibbles(parts, 16, out);
}
void decode(const TileParts<Format::kQ5_1>& parts, DecodedTile& out) {
  decode_32_nibbles(parts, 0, out);
}

void decode(const TileParts<Format::kQ8_0>& parts, DecodedTile& out) {
  std::memcpy(out.codes, parts.piece(0), 32 * kRows);
  parts.field(0, out.scales);
}

// Q4_K and Q5_K; the first piece of their fifth bits, or -1.
template <Format F>
void decode_256_nibbles(const TileParts<F>& parts, int high_piece, DecodedTile& out) {
  const int first = high_piece < 0 ? 3 : high_piece + 8;
  for (int j = 0; j < 8; ++j) {
    for (int g = 0; g < 8; ++g) {
      const std::uint8_t* const high = high_piece < 0 ? nullptr : parts.piece(high_piece + g);
      decode_nibbles(parts.piece(first + 8 * (j / 2) + g), 4 * (j % 2), high, j, 0,
                     out.codes + 64 * (8 * j + g));
    }
  }
  float d[kRows];
  parts.field(0, d);
  parts.field(1, out.dmin);
  for (int row = 0; row < kRows; ++row) {
    std::uint8_t bytes[12];
    for (int i = 0; i < 12; ++i) bytes[i] = parts.piece(i / 4)[4 * row + i % 4];
    for (int j = 0; j < 8; ++j) {
      out.scales[kRows * j + row] = d[row] * static_cast<float>(k_scale(bytes, j));
      out.mins[kRows * j + row] = k_min(bytes, j);
    }
  }
}

void decode(const TileParts<Format::kQ4_K>& parts, DecodedTile& out) {
  decode_256_nibbles(parts, -1, out);
}
void decode(const TileParts<Format::kQ5_K>& parts, DecodedTile& out) {
  decode_256_nibbles(parts, 3, out);
}

void decode(const TileParts<Format::kQ6_K>& parts, DecodedTile& out) {
  for (int group = 0; group < 64; ++group) {  // of 4 consecutive k
    const int n = group / 32;
    const int s = group / 8 % 4;
    const int g = group % 8;
    const std::uint8_t* const low = parts.piece(4 + 16 * n + 8 * (s & 1) + g);
    const std::uint8_t* const high = parts.piece(36 + 8 * n + g);
    for (int i = 0; i < 4 * kRows; ++i) {
      const int code = (low[i] >> (s < 2 ? 0 : 4) & 15) | (high[i] >> 2 * s & 3) << 4;
      out.codes[64 * group + i] = static_cast<std::int8_t>(code - 32);
    }
  }
  float d[kRows];
  parts.field(0, d);
  for (int j = 0; j < 16; ++j) {
    for (int row = 0; row < kRows; ++row) {
      const auto scale = static_cast<std::int8_t>(parts.piece(j / 4)[4 * row + j % 4]);
      out.scales[kRows * j + row] = d[row] * static_cast<float>(scale);
    }
  }
}

}  // namespace
}  // namespace minnow::scalar
