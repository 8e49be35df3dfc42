// Split heads: from the file's rows to the planes, and from the planes to groups of 16 rows.
#include "kernels/avx2/avx2_split.hpp"
#include "kernels/generic/split_block_avx2.hpp"
#include "kernels/generic/split_join_avx2.hpp"
#include "kernels/scalar/scalar_integer.hpp"

namespace minnow::avx2 {
namespace {

using std::int64_t;
using std::uint8_t;

constexpr int kBlock = generic::kSplitBlock;

// Rows first...first + 7: rows first + i and first + i + 4 in the lanes of vector i.
[[gnu::always_inline]] inline void load_lanes(const generic::PlaneRows& plane, int first,
                                              __m256i* rows) {
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i)
    rows[i] = _mm256_set_m128i(plane.load(first + i + 4), plane.load(first + i));
}

// 4 x 4 dwords in every lane, transposed and stored: four halves of pieces [16 rows][4].
[[gnu::always_inline]] inline void store_halves(const __m256i* rows, uint8_t* pieces) {
  const __m256i sign = _mm256_set1_epi8(-128);
  const __m256i ab_low = _mm256_unpacklo_epi32(rows[0], rows[1]);
  const __m256i ab_high = _mm256_unpackhi_epi32(rows[0], rows[1]);
  const __m256i cd_low = _mm256_unpacklo_epi32(rows[2], rows[3]);
  const __m256i cd_high = _mm256_unpackhi_epi32(rows[2], rows[3]);
  const __m256i piece[4] = {
      _mm256_unpacklo_epi64(ab_low, cd_low), _mm256_unpackhi_epi64(ab_low, cd_low),
      _mm256_unpacklo_epi64(ab_high, cd_high), _mm256_unpackhi_epi64(ab_high, cd_high)};
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    void* const to = pieces + 64 * i;
    _mm256_storeu_si256(static_cast<__m256i*>(to), _mm256_xor_si256(piece[i], sign));
  }
}

[[gnu::always_inline]] inline void join_block(const generic::PlaneRows& upper,
                                              const generic::PlaneRows& lower, uint8_t* pieces) {
  const __m256i low_bits = _mm256_set1_epi8(15);
  for (int half = 0; half < 2; ++half) {
    __m256i high[4];
    __m256i low[4];
    load_lanes(upper, 8 * half, high);
    load_lanes(lower, 8 * half, low);
    __m256i first[4];
    __m256i second[4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      first[i] = _mm256_or_si256(_mm256_andnot_si256(low_bits, _mm256_slli_epi16(high[i], 4)),
                                 _mm256_and_si256(low_bits, low[i]));
      second[i] = _mm256_or_si256(_mm256_andnot_si256(low_bits, high[i]),
                                  _mm256_and_si256(low_bits, _mm256_srli_epi16(low[i], 4)));
    }
    store_halves(first, pieces + 32 * half);
    store_halves(second, pieces + 256 + 32 * half);
  }
}

}  // namespace

void split_rows(const SplitMatrix& matrix, int64_t first_row, const void* rows, int64_t n_rows,
                uint8_t* data) {
  const SplitLayout at = split_layout(matrix.format, matrix.n_rows, matrix.k);
  const int64_t n_blocks = matrix.k / kBlock;
  const uint8_t* block = static_cast<const uint8_t*>(rows);
  for (int64_t i = first_row * n_blocks; i < (first_row + n_rows) * n_blocks; ++i) {
    const int squares =
        generic::split_block(block + 2, data + at.upper + 16 * i, data + at.lower + 16 * i);
    __builtin_memcpy(data + at.scales + 2 * i, block, 2);
    // The square root of a whole number up to 64,800 is whole or further from one than its
    // rounding.
    const __m128 nine = _mm_set_ss(static_cast<float>(9 * squares));
    const __m128 root = _mm_sqrt_ss(nine);
    data[at.norms + i] = static_cast<uint8_t>(_mm_cvttss_si32(_mm_ceil_ss(root, root)));
    block += generic::kSplitBlockBytes;
  }
}

void join_group(const SplitMatrix& matrix, int64_t first_row, int n_rows, void* group) {
  if (n_rows < kGroupRows) return scalar::join_group(matrix, first_row, n_rows, group);
  generic::join_rows(matrix, first_row, static_cast<uint8_t*>(group), join_block);
}

}  // namespace minnow::avx2
