// Packing by transposition in registers.
//
// Four pieces (16 bytes) of 16 rows are four vectors: vector i has those of rows i, i + 4, i + 8
// and i + 12 in its 128-bit lanes. A transposition of 4 x 4 dwords inside the lanes then leaves in
// vector p, lane L, piece p of rows 4L...4L + 3: piece p of all rows in order.
#include "kernels/avx512/avx512_integer.hpp"
#include "kernels/avx512/avx512_intrinsics.hpp"
#include "kernels/formats/tile_layout.hpp"
#include "kernels/generic/integer_formats.hpp"
#include "kernels/generic/unrolled.hpp"

namespace minnow::avx512 {
namespace {

using generic::unrolled;
using std::int64_t;
using std::uint16_t;
using std::uint8_t;

constexpr int kRows = kGroupRows;

// The rows of a group. Those that do not exist are read as the first one, and cleared afterwards.
struct Rows {
  const uint8_t* row[kRows];

  Rows(const void* rows, int64_t row_stride_bytes, int n_rows) {
    for (int i = 0; i < kRows; ++i) {
      row[i] = static_cast<const uint8_t*>(rows) + (i < n_rows ? i * row_stride_bytes : 0);
    }
  }
};

[[gnu::always_inline]] inline __m128i load_16(const uint8_t* bytes) {
  const void* const address = bytes;
  return _mm_loadu_si128(static_cast<const __m128i*>(address));
}

// Four consecutive pieces, `offset` bytes into 16 rows.
[[gnu::always_inline]] inline void load_four_pieces(const Rows& rows, int64_t offset,
                                                    __m512i (&piece)[4]) {
  __m512i row[4];
  unrolled<4>([&](auto i) __attribute__((always_inline)) {
    constexpr int kI = i.kValue;
    __m512i v = _mm512_zextsi128_si512(load_16(rows.row[kI] + offset));
    v = _mm512_inserti32x4(v, load_16(rows.row[kI + 4] + offset), 1);
    v = _mm512_inserti32x4(v, load_16(rows.row[kI + 8] + offset), 2);
    row[kI] = _mm512_inserti32x4(v, load_16(rows.row[kI + 12] + offset), 3);
  });
  const __m512i ab_low = _mm512_unpacklo_epi32(row[0], row[1]);
  const __m512i ab_high = _mm512_unpackhi_epi32(row[0], row[1]);
  const __m512i cd_low = _mm512_unpacklo_epi32(row[2], row[3]);
  const __m512i cd_high = _mm512_unpackhi_epi32(row[2], row[3]);
  piece[0] = _mm512_unpacklo_epi64(ab_low, cd_low);
  piece[1] = _mm512_unpackhi_epi64(ab_low, cd_low);
  piece[2] = _mm512_unpacklo_epi64(ab_high, cd_high);
  piece[3] = _mm512_unpackhi_epi64(ab_high, cd_high);
}

// Exchanges the bits of Mask with those Shift places above, in every dword.
template <unsigned Mask, int Shift>
[[gnu::always_inline]] inline __m512i swap_bits(__m512i v) {
  const __m512i mask = _mm512_set1_epi32(static_cast<int>(Mask));
  const __m512i low = _mm512_and_si512(v, mask);
  const __m512i high = _mm512_and_si512(_mm512_srli_epi32(v, Shift), mask);
  const __m512i changed = _mm512_xor_si512(low, high);
  const __m512i above = _mm512_slli_epi32(changed, Shift);
  return _mm512_ternarylogic_epi32(v, changed, above, 0x96);  // v ^ changed ^ above
}

// pack_high_bits() of every dword. The place of a bit has five binary digits, g2 g1 g0 i1 i0, and
// has to become i1 i0 g2 g1 g0, which four exchanges of two digits do.
[[gnu::always_inline]] inline __m512i reorder_high_bits(__m512i v) {
  v = swap_bits<0x0000ccccu, 14>(v);    // digits 1 and 4
  v = swap_bits<0x00aa00aau, 7>(v);     // digits 0 and 3
  v = swap_bits<0x0c0c0c0cu, 2>(v);     // digits 1 and 2
  return swap_bits<0x22222222u, 1>(v);  // digits 0 and 1
}

// The block `offset` bytes into the rows.
template <Format F>
[[gnu::always_inline]] inline void pack_tile(const Rows& rows, int64_t offset, uint8_t* tile) {
  constexpr TileLayout kLayout = tile_layout(F);
  unrolled<kLayout.n_fields>([&](auto field) __attribute__((always_inline)) {
    unrolled<kRows>([&](auto row) __attribute__((always_inline)) {
      __builtin_memcpy(tile + 2 * row.kValue,
                       rows.row[row.kValue] + offset + kLayout.fields[field.kValue], 2);
    });
    tile += 2 * kRows;
  });
  unrolled<kLayout.n_ranges>([&](auto range) __attribute__((always_inline)) {
    constexpr PieceRange kRange = kLayout.ranges[range.kValue];
    constexpr bool kHighBits = kLayout.high_bits;
    for (int i = 0; i < kRange.n_pieces; i += 4) {
      // The last four may overlap the four before them.
      const int first = i + 4 <= kRange.n_pieces ? i : kRange.n_pieces - 4;
      __m512i piece[4];
      load_four_pieces(rows, offset + kRange.offset + 4 * first, piece);
      if (kHighBits && first == 0) piece[0] = reorder_high_bits(piece[0]);
      unrolled<4>([&](auto j) __attribute__((always_inline)) {
        _mm512_storeu_si512(tile + 64 * (first + j.kValue), piece[j.kValue]);
      });
    }
    tile += 64 * kRange.n_pieces;
  });
}

template <Format F>
void pack_blocks(const Rows& rows, int64_t k, uint8_t* group) {
  constexpr FormatInfo kInfo = format_info(F);
  for (int64_t block = 0; block < k / kInfo.elements; ++block) {
    pack_tile<F>(rows, block * kInfo.block_bytes, group + block * kInfo.block_bytes * kRows);
  }
}

// Zero bytes for rows n_rows...15 of a run of [16 rows][size], n times.
void clear_rows(uint8_t* bytes, int size, int64_t n, int n_rows) {
  for (int64_t i = 0; i < n; ++i) {
    __builtin_memset(bytes + (i * kRows + n_rows) * size, 0,
                     static_cast<std::size_t>((kRows - n_rows) * size));
  }
}

template <Format F>
void clear_blocks(int64_t k, int n_rows, uint8_t* group) {
  constexpr FormatInfo kInfo = format_info(F);
  constexpr TileLayout kLayout = tile_layout(F);
  for (int64_t block = 0; block < k / kInfo.elements; ++block) {
    uint8_t* const tile = group + block * kInfo.block_bytes * kRows;
    clear_rows(tile, 2, kLayout.n_fields, n_rows);
    clear_rows(tile + 2 * kRows * kLayout.n_fields, 4, kLayout.n_pieces(), n_rows);
  }
}

// A 4-byte piece is one float or two consecutive 16-bit ones, which go to two vectors' halves.
template <int Size>
[[gnu::always_inline]] inline __m512i split_elements(__m512i piece) {
  if constexpr (Size == 4) return piece;
  alignas(64) static constexpr uint16_t kOrder[32] = {0,  2,  4,  6,  8,  10, 12, 14, 16, 18, 20,
                                                      22, 24, 26, 28, 30, 1,  3,  5,  7,  9,  11,
                                                      13, 15, 17, 19, 21, 23, 25, 27, 29, 31};
  return _mm512_permutexvar_epi16(_mm512_load_si512(kOrder), piece);
}

// Elements of 2 or 4 bytes: [k][16 rows].
template <int Size>
void pack_floats(const Rows& rows, int64_t k, uint8_t* group) {
  constexpr int kStep = 16 / Size;
  int64_t i = 0;
  for (; i + kStep <= k; i += kStep) {
    __m512i piece[4];
    load_four_pieces(rows, i * Size, piece);
    unrolled<4>([&](auto j) __attribute__((always_inline)) {
      _mm512_storeu_si512(group + i * Size * kRows + 64 * j.kValue,
                          split_elements<Size>(piece[j.kValue]));
    });
  }
  for (; i < k; ++i) {
    for (int row = 0; row < kRows; ++row) {
      __builtin_memcpy(group + (i * kRows + row) * Size, rows.row[row] + i * Size, Size);
    }
  }
}

}  // namespace

void pack(Format format, const void* rows, int64_t row_stride_bytes, int n_rows, int64_t k,
          void* group) {
  const Rows from(rows, row_stride_bytes, n_rows);
  uint8_t* const tiles = static_cast<uint8_t*>(group);
  const bool integer = generic::visit_integer_tiles(format, [&](auto constant) {
    constexpr Format kFormat = decltype(constant)::kValue;
    pack_blocks<kFormat>(from, k, tiles);
    if (n_rows < kRows) clear_blocks<kFormat>(k, n_rows, tiles);
  });
  if (integer) return;
  const int size = format == Format::kF32 ? 4 : 2;
  if (size == 4) {
    pack_floats<4>(from, k, tiles);
  } else {
    pack_floats<2>(from, k, tiles);
  }
  if (n_rows < kRows) clear_rows(tiles, size, k, n_rows);
}

}  // namespace minnow::avx512
