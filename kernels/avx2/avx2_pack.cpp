// Packing 16 rows into R16G4 tiles: a transposition of 4-byte pieces, 16 bytes of each row at a
// time. Four registers [row r: 4 dwords | row r + 4: 4 dwords] become, by two rounds of unpacking,
// [dword j: rows 0...3 | rows 4...7] for j = 0...3, which is half a piece of the tile.
//
// 16-bit fields come along as halves of a dword that a block begins or ends with; rows that do not
// exist point to a block of zeros and stay there.
#include <immintrin.h>

#include <cstring>

#include "kernels/avx2/avx2_integer.hpp"
#include "kernels/formats/tile_layout.hpp"
#include "kernels/generic/integer_formats.hpp"

namespace minnow::avx2 {
namespace {

using std::int64_t;
using std::uint8_t;

constexpr int kRows = kGroupRows;
constexpr int kPieceBytes = 4 * kRows;
constexpr int kMaxBlockBytes = 210;

// 16 rows of the file, moving along k together.
struct Rows {
  const uint8_t* bytes[kRows];
  int64_t step[kRows];  // from a block to the next one: 0 for rows that do not exist

  [[gnu::always_inline]] void advance() {
    for (int row = 0; row < kRows; ++row) bytes[row] += step[row];
  }
};

// Four dwords of 16 rows: dword j of rows 0...7 and of rows 8...15.
struct Dwords {
  __m256i upper[4];
  __m256i lower[4];
};

[[gnu::always_inline]] inline void transpose_8_rows(const uint8_t* const* rows, int offset,
                                                    __m256i* dwords) {
  __m256i pairs[4];
#pragma GCC unroll 4
  for (int r = 0; r < 4; ++r) {
    const void* const first = rows[r] + offset;
    const void* const second = rows[r + 4] + offset;
    pairs[r] = _mm256_inserti128_si256(
        _mm256_castsi128_si256(_mm_loadu_si128(static_cast<const __m128i*>(first))),
        _mm_loadu_si128(static_cast<const __m128i*>(second)), 1);
  }
  const __m256i low_01 = _mm256_unpacklo_epi32(pairs[0], pairs[1]);
  const __m256i low_23 = _mm256_unpacklo_epi32(pairs[2], pairs[3]);
  const __m256i high_01 = _mm256_unpackhi_epi32(pairs[0], pairs[1]);
  const __m256i high_23 = _mm256_unpackhi_epi32(pairs[2], pairs[3]);
  dwords[0] = _mm256_unpacklo_epi64(low_01, low_23);
  dwords[1] = _mm256_unpackhi_epi64(low_01, low_23);
  dwords[2] = _mm256_unpacklo_epi64(high_01, high_23);
  dwords[3] = _mm256_unpackhi_epi64(high_01, high_23);
}

[[gnu::always_inline]] inline Dwords transpose(const Rows& rows, int offset) {
  Dwords dwords;
  transpose_8_rows(rows.bytes, offset, dwords.upper);
  transpose_8_rows(rows.bytes + 8, offset, dwords.lower);
  return dwords;
}

[[gnu::always_inline]] inline void store(uint8_t* bytes, __m256i value) {
  _mm256_storeu_si256(static_cast<__m256i*>(static_cast<void*>(bytes)), value);
}

[[gnu::always_inline]] inline void store_piece(const Dwords& dwords, int j, uint8_t* piece) {
  store(piece, dwords.upper[j]);
  store(piece + kPieceBytes / 2, dwords.lower[j]);
}

// The lower or upper 16 bits of dword j of 16 rows: 32 bytes of the tile.
[[gnu::always_inline]] inline void store_field(const Dwords& dwords, int j, bool upper_bits,
                                               uint8_t* field) {
  const __m256i low_bits = _mm256_set1_epi32(0xffff);
  const __m256i first = upper_bits ? _mm256_srli_epi32(dwords.upper[j], 16)
                                   : _mm256_and_si256(dwords.upper[j], low_bits);
  const __m256i second = upper_bits ? _mm256_srli_epi32(dwords.lower[j], 16)
                                    : _mm256_and_si256(dwords.lower[j], low_bits);
  const __m256i mixed = _mm256_packus_epi32(first, second);
  store(field, _mm256_permute4x64_epi64(mixed, 0xd8));
}

// Pieces of n_bytes (a multiple of 16) at `offset` of the blocks.
[[gnu::always_inline]] inline void store_pieces(const Rows& rows, int offset, int n_bytes,
                                                uint8_t* pieces) {
  for (int i = 0; i < n_bytes; i += 16) {
    const Dwords dwords = transpose(rows, offset + i);
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) store_piece(dwords, j, pieces + kPieceBytes * (i / 4 + j));
  }
}

// Exchanges the bits at the positions of `low` with those `distance` above them.
[[gnu::always_inline]] inline __m256i swap_bits(__m256i x, int distance, int low) {
  const __m256i differ =
      _mm256_and_si256(_mm256_xor_si256(x, _mm256_srli_epi32(x, distance)), _mm256_set1_epi32(low));
  return _mm256_xor_si256(x, _mm256_xor_si256(differ, _mm256_slli_epi32(differ, distance)));
}

// pack_high_bits for 8 rows: bit 4g + i goes to 8i + g. The five bits of a position (g2 g1 g0 i1
// i0) become (i1 i0 g2 g1 g0) by four exchanges of two of them.
[[gnu::always_inline]] inline __m256i reorder_high_bits(__m256i bits) {
  bits = swap_bits(bits, 12, 0x0000f0f0);
  bits = swap_bits(bits, 15, 0x0000aaaa);
  bits = swap_bits(bits, 14, 0x0000cccc);
  return swap_bits(bits, 6, 0x00cc00cc);
}

template <Format F>
[[gnu::always_inline]] inline void pack_tile(const Rows& rows, uint8_t* tile) {
  constexpr int kField = 2 * kRows;
  if constexpr (F == Format::kQ6_K) {
    store_field(transpose(rows, offsetof(BlockQ6_K, d) - 14), 3, true, tile);
    store_pieces(rows, offsetof(BlockQ6_K, scales), 16, tile + kField);
    store_pieces(rows, offsetof(BlockQ6_K, ql), 128, tile + kField + 4 * kPieceBytes);
    store_pieces(rows, offsetof(BlockQ6_K, qh), 64, tile + kField + 36 * kPieceBytes);
    return;
  }
  const Dwords first = transpose(rows, 0);
  store_field(first, 0, false, tile);
  if constexpr (F == Format::kQ8_0) {
    store_pieces(rows, offsetof(BlockQ8_0, qs), 32, tile + kField);
  } else if constexpr (F == Format::kQ4_0) {
    store_pieces(rows, offsetof(BlockQ4_0, qs), 16, tile + kField);
  } else if constexpr (F == Format::kQ5_0) {
    const __m256i upper = _mm256_or_si256(_mm256_srli_epi32(first.upper[0], 16),
                                          _mm256_slli_epi32(first.upper[1], 16));
    const __m256i lower = _mm256_or_si256(_mm256_srli_epi32(first.lower[0], 16),
                                          _mm256_slli_epi32(first.lower[1], 16));
    store(tile + kField, reorder_high_bits(upper));
    store(tile + kField + kPieceBytes / 2, reorder_high_bits(lower));
    store_pieces(rows, offsetof(BlockQ5_0, qs), 16, tile + kField + kPieceBytes);
  } else {  // d and m, or d and dmin, in the first dword
    store_field(first, 0, true, tile + kField);
    uint8_t* const pieces = tile + 2 * kField;
    if constexpr (F == Format::kQ4_1) {
      store_pieces(rows, offsetof(BlockQ4_1, qs), 16, pieces);
    } else if constexpr (F == Format::kQ5_1) {
      store(pieces, reorder_high_bits(first.upper[1]));
      store(pieces + kPieceBytes / 2, reorder_high_bits(first.lower[1]));
      store_pieces(rows, offsetof(BlockQ5_1, qs), 16, pieces + kPieceBytes);
    } else {
      constexpr int kAfterScales = 16;
      constexpr int kBytes = F == Format::kQ4_K ? sizeof(BlockQ4_K) : sizeof(BlockQ5_K);
#pragma GCC unroll 4
      for (int j = 1; j < 4; ++j) store_piece(first, j, pieces + kPieceBytes * (j - 1));
      store_pieces(rows, kAfterScales, kBytes - kAfterScales, pieces + 3 * kPieceBytes);
    }
  }
}

alignas(32) constexpr uint8_t kZeroBlock[kMaxBlockBytes] = {};

Rows rows_of(const void* bytes, int64_t row_stride_bytes, int n_rows, int block_bytes) {
  Rows rows;
  for (int row = 0; row < kRows; ++row) {
    const bool exists = row < n_rows;
    rows.bytes[row] =
        exists ? static_cast<const uint8_t*>(bytes) + row * row_stride_bytes : kZeroBlock;
    rows.step[row] = exists ? block_bytes : 0;
  }
  return rows;
}

template <Format F>
void pack_tiles(Rows rows, int64_t n_blocks, uint8_t* tile) {
  constexpr FormatInfo kInfo = format_info(F);
  static_assert(kInfo.block_bytes <= kMaxBlockBytes);
  for (int64_t block = 0; block < n_blocks; ++block) {
    pack_tile<F>(rows, tile);
    rows.advance();
    tile += kInfo.block_bytes * kRows;
  }
}

// Elements of 2 or 4 bytes, [k][16 rows]; rows step by 16 bytes.
template <int kBytes>
void pack_floats(Rows rows, int64_t k, uint8_t* group) {
  constexpr int kStep = 16 / kBytes;
  for (int64_t i = 0; i + kStep <= k; i += kStep) {
    const Dwords dwords = transpose(rows, 0);
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) {
      if constexpr (kBytes == 4) {
        store_piece(dwords, j, group + kPieceBytes * j);
      } else {
        store_field(dwords, j, false, group + kPieceBytes * j);
        store_field(dwords, j, true, group + kPieceBytes * j + kPieceBytes / 2);
      }
    }
    rows.advance();
    group += 16 * kRows;
  }
  for (int64_t i = 0; i < k % kStep; ++i) {
    for (int row = 0; row < kRows; ++row) {
      std::memcpy(group, rows.bytes[row] + i * kBytes, kBytes);
      group += kBytes;
    }
  }
}

}  // namespace

void pack(Format format, const void* rows, int64_t row_stride_bytes, int n_rows, int64_t k,
          void* group) {
  uint8_t* const tiles = static_cast<uint8_t*>(group);
  const auto blocks = [&](auto constant) {
    constexpr Format kFormat = decltype(constant)::kValue;
    constexpr FormatInfo kInfo = format_info(kFormat);
    const Rows sources = rows_of(rows, row_stride_bytes, n_rows, kInfo.block_bytes);
    pack_tiles<kFormat>(sources, k / kInfo.elements, tiles);
  };
  if (generic::visit_integer_tiles(format, blocks)) return;
  const Rows sources = rows_of(rows, row_stride_bytes, n_rows, 16);
  if (format == Format::kF32) return pack_floats<4>(sources, k, tiles);
  pack_floats<2>(sources, k, tiles);
}

}  // namespace minnow::avx2
