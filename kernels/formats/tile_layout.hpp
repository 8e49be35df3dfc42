// Where the parts of a block lie in the file and in a tile of 16 rows (R16G4, README.md): what a
// packer needs to know of a format. A tile begins with the 16-bit fields, each for 16 rows; then
// come the 4-byte pieces, each for 16 rows, range after range.
#pragma once

#include <cstddef>

#include "kernels/formats/format.hpp"
#include "kernels/formats/q4_0.hpp"
#include "kernels/formats/q4_1.hpp"
#include "kernels/formats/q4_k.hpp"
#include "kernels/formats/q5_0.hpp"
#include "kernels/formats/q5_1.hpp"
#include "kernels/formats/q5_k.hpp"
#include "kernels/formats/q6_k.hpp"
#include "kernels/formats/q8_0.hpp"

namespace minnow {

struct PieceRange {
  int offset;    // bytes from the start of the file's block
  int n_pieces;  // of 4 bytes, consecutive in the file and in the tile
};

struct TileLayout {
  int n_fields;   // 16-bit fields, first in the tile
  int fields[2];  // offsets in the file's block
  int n_ranges;   // 0: the format has no tile of pieces (float types, Rows formats)
  PieceRange ranges[3];
  bool high_bits;  // piece 0 is the fifth bits of Q5_0 and Q5_1, whose bits change their order

  [[gnu::always_inline]] constexpr int n_pieces() const {
    int n = 0;
    for (int i = 0; i < n_ranges; ++i) n += ranges[i].n_pieces;
    return n;
  }
};

[[gnu::always_inline]] constexpr TileLayout tile_layout(Format format) {
  switch (format) {
    case Format::kQ8_0:
      return {1, {offsetof(BlockQ8_0, d)}, 1, {{offsetof(BlockQ8_0, qs), 8}}, false};
    case Format::kQ4_0:
      return {1, {offsetof(BlockQ4_0, d)}, 1, {{offsetof(BlockQ4_0, qs), 4}}, false};
    case Format::kQ4_1:
      return {2,
              {offsetof(BlockQ4_1, d), offsetof(BlockQ4_1, m)},
              1,
              {{offsetof(BlockQ4_1, qs), 4}},
              false};
    case Format::kQ5_0:  // high bits and qs
      return {1, {offsetof(BlockQ5_0, d)}, 1, {{offsetof(BlockQ5_0, qh), 5}}, true};
    case Format::kQ5_1:
      return {2,
              {offsetof(BlockQ5_1, d), offsetof(BlockQ5_1, m)},
              1,
              {{offsetof(BlockQ5_1, qh), 5}},
              true};
    case Format::kQ4_K:  // scales and qs
      return {2,
              {offsetof(BlockQ4_K, d), offsetof(BlockQ4_K, dmin)},
              1,
              {{offsetof(BlockQ4_K, scales), 35}},
              false};
    case Format::kQ5_K:  // scales, qh and qs
      return {2,
              {offsetof(BlockQ5_K, d), offsetof(BlockQ5_K, dmin)},
              1,
              {{offsetof(BlockQ5_K, scales), 43}},
              false};
    case Format::kQ6_K:
      return {1,
              {offsetof(BlockQ6_K, d)},
              3,
              {{offsetof(BlockQ6_K, scales), 4},
               {offsetof(BlockQ6_K, ql), 32},
               {offsetof(BlockQ6_K, qh), 16}},
              false};
    default:
      return {};
  }
}

// The high bits of Q5_0 and Q5_1: bit 4g + i of the file's 32 becomes bit g of byte i of the piece.
[[gnu::always_inline]] constexpr std::uint32_t pack_high_bits(std::uint32_t file) {
  std::uint32_t piece = 0;
  for (int g = 0; g < 8; ++g) {
    for (int i = 0; i < 4; ++i) piece |= (file >> (4 * g + i) & 1u) << (8 * i + g);
  }
  return piece;
}

[[gnu::always_inline]] constexpr std::uint32_t unpack_high_bits(std::uint32_t piece) {
  std::uint32_t file = 0;
  for (int g = 0; g < 8; ++g) {
    for (int i = 0; i < 4; ++i) file |= (piece >> (8 * i + g) & 1u) << (4 * g + i);
  }
  return file;
}

}  // namespace minnow
