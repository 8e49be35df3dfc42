// Split heads: from the file's rows to the planes, and from the planes to groups of 16 rows.
#include "kernels/avx512/avx512_intrinsics.hpp"
#include "kernels/avx512/avx512_split.hpp"
#include "kernels/generic/split_block_avx2.hpp"
#include "kernels/generic/split_join_avx2.hpp"
#include "kernels/scalar/scalar_integer.hpp"

namespace minnow::avx512 {
namespace {

using std::int64_t;
using std::uint8_t;

constexpr int kBlock = generic::kSplitBlock;
constexpr int kBlockBytes = generic::kSplitBlockBytes;
constexpr int kNormBlocks = 16;  // whose norms are computed together

// The least n with n * n >= 9 * squares. The square root of a whole number up to 64,800 is either
// whole or further from one than its rounding.
[[gnu::always_inline]] inline __m128i norms_of(const int* squares) {
  const __m512i nine = _mm512_mullo_epi32(_mm512_load_si512(squares), _mm512_set1_epi32(9));
  const __m512 root = _mm512_roundscale_ps(_mm512_sqrt_ps(_mm512_cvtepi32_ps(nine)),
                                           _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC);
  return _mm512_cvtepi32_epi8(_mm512_cvttps_epi32(root));
}

// 16 bytes of 16 rows; rows i, i + 4, i + 8 and i + 12 in the lanes of vector i.
[[gnu::always_inline]] inline void load_lanes(const generic::PlaneRows& plane, __m512i* rows) {
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    __m512i v = _mm512_zextsi128_si512(plane.load(i));
    v = _mm512_inserti32x4(v, plane.load(i + 4), 1);
    v = _mm512_inserti32x4(v, plane.load(i + 8), 2);
    rows[i] = _mm512_inserti32x4(v, plane.load(i + 12), 3);
  }
}

// 4 x 4 dwords in every lane, transposed and stored: four pieces [16 rows][4].
[[gnu::always_inline]] inline void store_pieces(const __m512i* rows, uint8_t* pieces) {
  const __m512i sign = _mm512_set1_epi8(-128);
  const __m512i ab_low = _mm512_unpacklo_epi32(rows[0], rows[1]);
  const __m512i ab_high = _mm512_unpackhi_epi32(rows[0], rows[1]);
  const __m512i cd_low = _mm512_unpacklo_epi32(rows[2], rows[3]);
  const __m512i cd_high = _mm512_unpackhi_epi32(rows[2], rows[3]);
  const __m512i piece[4] = {
      _mm512_unpacklo_epi64(ab_low, cd_low), _mm512_unpackhi_epi64(ab_low, cd_low),
      _mm512_unpacklo_epi64(ab_high, cd_high), _mm512_unpackhi_epi64(ab_high, cd_high)};
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i)
    _mm512_storeu_si512(pieces + 64 * i, _mm512_xor_si512(piece[i], sign));
}

[[gnu::always_inline]] inline void join_block(const generic::PlaneRows& upper,
                                              const generic::PlaneRows& lower, uint8_t* pieces) {
  const __m512i high_bits = _mm512_set1_epi8(static_cast<char>(0xf0));
  __m512i high[4];
  __m512i low[4];
  load_lanes(upper, high);
  load_lanes(lower, low);
  __m512i first[4];
  __m512i second[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {  // bit by bit: high_bits ? a : b
    first[i] = _mm512_ternarylogic_epi32(high_bits, _mm512_slli_epi16(high[i], 4), low[i], 0xca);
    second[i] = _mm512_ternarylogic_epi32(high_bits, high[i], _mm512_srli_epi16(low[i], 4), 0xca);
  }
  store_pieces(first, pieces);
  store_pieces(second, pieces + 256);
}

}  // namespace

void split_rows(const SplitMatrix& matrix, int64_t first_row, const void* rows, int64_t n_rows,
                uint8_t* data) {
  const SplitLayout at = split_layout(matrix.format, matrix.n_rows, matrix.k);
  const int64_t n_blocks = matrix.k / kBlock;
  const uint8_t* block = static_cast<const uint8_t*>(rows);
  const int64_t end = (first_row + n_rows) * n_blocks;
  for (int64_t i = first_row * n_blocks; i < end; i += kNormBlocks) {
    const int n = end - i < kNormBlocks ? static_cast<int>(end - i) : kNormBlocks;
    alignas(64) int squares[kNormBlocks] = {};
    for (int j = 0; j < n; ++j) {
      squares[j] = generic::split_block(block + 2, data + at.upper + 16 * (i + j),
                                        data + at.lower + 16 * (i + j));
      __builtin_memcpy(data + at.scales + 2 * (i + j), block, 2);
      block += kBlockBytes;
    }
    _mm_mask_storeu_epi8(data + at.norms + i, static_cast<__mmask16>((1 << n) - 1),
                         norms_of(squares));
  }
}

void join_group(const SplitMatrix& matrix, int64_t first_row, int n_rows, void* group) {
  if (n_rows < kGroupRows) return scalar::join_group(matrix, first_row, n_rows, group);
  generic::join_rows(matrix, first_row, static_cast<uint8_t*>(group), join_block);
}

}  // namespace minnow::avx512
