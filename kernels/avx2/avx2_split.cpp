// Split heads (kernels/formats/split_layout.hpp): products of chosen rows with one token, and
// bounds of rows from their upper bits.
//
// 32 bytes of a plane are [2 blocks][16 bytes], whose low nibbles are k = 0...15 of each block and
// whose high ones are k = 16...31. Nibbles are the unsigned factor of vpmaddubsw, so low and high
// ones meet their activations in one 16-bit sum; a 128-bit lane is a block and its four dwords are
// parts of the block's sum. Products need [8 rows] of a block: 4 x 4 transpositions that add inside
// the lanes, then one of lanes. Bounds may be summed in any order and keep the parts to the end.
#include "kernels/avx2/avx2_split.hpp"

#include "kernels/generic/split_scales_avx2.hpp"

namespace minnow::avx2 {
namespace {

using std::int16_t;
using std::int32_t;
using std::int64_t;
using std::int8_t;
using std::uint16_t;
using std::uint8_t;

constexpr int kRows = 8;
constexpr int kBlock = generic::kSplitBlock;
constexpr int kStretchBlocks = generic::kStretchBlocks;

[[gnu::always_inline]] inline __m256i load_32(const void* bytes) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(bytes));
}
[[gnu::always_inline]] inline __m128i load_16(const void* bytes) {
  return _mm_loadu_si128(static_cast<const __m128i*>(bytes));
}
// Two blocks of a plane, or one and zeros.
template <bool kBoth>
[[gnu::always_inline]] inline __m256i load_plane(const uint8_t* bytes) {
  if constexpr (kBoth) return load_32(bytes);
  return _mm256_zextsi128_si256(load_16(bytes));
}

// The activations of two blocks, or one: k = 0...15 and k = 16...31 of each.
struct StepCodes {
  __m256i first;
  __m256i second;
};
template <bool kBoth>
[[gnu::always_inline]] inline StepCodes step_codes(const int8_t* codes) {
  const __m256i a = load_32(codes);
  const __m256i b = kBoth ? load_32(codes + kBlock) : _mm256_setzero_si256();
  return {_mm256_permute2x128_si256(a, b, 0x20), _mm256_permute2x128_si256(a, b, 0x31)};
}

// Sums of nibbles times activations, in 16 bits: at most 4 * 15 * 127.
[[gnu::always_inline]] inline __m256i nibble_sums(__m256i bytes, const StepCodes& x) {
  const __m256i low_bits = _mm256_set1_epi8(15);
  const __m256i first = _mm256_and_si256(bytes, low_bits);
  const __m256i second = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), low_bits);
  return _mm256_add_epi16(_mm256_maddubs_epi16(first, x.first),
                          _mm256_maddubs_epi16(second, x.second));
}

// Sums of the four dwords of each lane of four vectors: [2 lanes][4 vectors].
[[gnu::always_inline]] inline __m256i add_in_lanes(const __m256i* v) {
  const __m256i ab =
      _mm256_add_epi32(_mm256_unpacklo_epi32(v[0], v[1]), _mm256_unpackhi_epi32(v[0], v[1]));
  const __m256i cd =
      _mm256_add_epi32(_mm256_unpacklo_epi32(v[2], v[3]), _mm256_unpackhi_epi32(v[2], v[3]));
  return _mm256_add_epi32(_mm256_unpacklo_epi64(ab, cd), _mm256_unpackhi_epi64(ab, cd));
}

// -- products -------------------------------------------------------------------------------------

using RowPointers = generic::SplitRows<kRows>;
using Prefetch = generic::SplitPrefetch<kRows>;

// [2 blocks][4 rows] of the exact products of two blocks (or one) with codes + 128.
template <bool kBoth>
[[gnu::always_inline]] inline __m256i quad_sums(const RowPointers& rows, int first, int64_t offset,
                                                const StepCodes& x) {
  const __m256i ones = _mm256_set1_epi16(1);
  const __m256i sixteens = _mm256_set1_epi16(16);
  __m256i parts[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    const __m256i high = nibble_sums(load_plane<kBoth>(rows.upper[first + i] + offset), x);
    const __m256i low = nibble_sums(load_plane<kBoth>(rows.lower[first + i] + offset), x);
    parts[i] = _mm256_add_epi32(_mm256_madd_epi16(high, sixteens), _mm256_madd_epi16(low, ones));
  }
  return add_in_lanes(parts);
}

[[gnu::always_inline]] inline __m256 add_block(__m256i sums, __m128i halves, int64_t block,
                                               const QuantRows& x, __m256 acc) {
  // -128 times the two sums of 16 activations: the zero point.
  const int16_t* const of_16 = x.sums + 2 * block;
  const __m256i zero = _mm256_set1_epi32(-128 * (of_16[0] + of_16[1]));
  const __m256 sum = _mm256_cvtepi32_ps(_mm256_add_epi32(sums, zero));
  const __m256 scale = _mm256_mul_ps(_mm256_cvtph_ps(halves), _mm256_set1_ps(x.scales[block]));
  return _mm256_fmadd_ps(sum, scale, acc);
}

// Blocks block and block + 1 (or only the first) of 8 rows.
template <bool kBoth>
[[gnu::always_inline]] inline __m256 add_step(const RowPointers& rows, const __m128i* halves,
                                              int64_t block, const QuantRows& x,
                                              const Prefetch& upcoming, __m256 acc) {
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) upcoming.step(block / 4 * 4, block % 4 * 2 + i);
  const StepCodes codes = step_codes<kBoth>(x.codes + kBlock * block);
  const __m256i first_four = quad_sums<kBoth>(rows, 0, 16 * block, codes);
  const __m256i last_four = quad_sums<kBoth>(rows, 4, 16 * block, codes);
  acc = add_block(_mm256_permute2x128_si256(first_four, last_four, 0x20), halves[0], block, x, acc);
  if constexpr (!kBoth) return acc;
  return add_block(_mm256_permute2x128_si256(first_four, last_four, 0x31), halves[1], block + 1, x,
                   acc);
}

// Up to 8 blocks of 8 rows.
template <bool kWhole>
[[gnu::always_inline]] inline __m256 add_stretch(const RowPointers& rows, int64_t block,
                                                 int n_blocks, const QuantRows& x,
                                                 const Prefetch& upcoming, __m256 acc) {
  const int n = kWhole ? kStretchBlocks : n_blocks;
  __m128i halves[kStretchBlocks];
  generic::stretch_scales<kWhole>([&](int r) { return rows.scales[r] + 2 * block; }, n, halves);
  int i = 0;
  for (; i + 2 <= n; i += 2) acc = add_step<true>(rows, halves + i, block + i, x, upcoming, acc);
  if (i < n) acc = add_step<false>(rows, halves + i, block + i, x, upcoming, acc);
  return acc;
}

// -- bounds ---------------------------------------------------------------------------------------

constexpr int kTurn = 4;          // rows that meet a step together
constexpr int64_t kAhead = 8192;  // bytes of a plane that are on their way

// Consecutive rows.
struct Turn {
  const uint8_t* upper[kTurn];
  const uint8_t* scales[kTurn];
  const uint8_t* norms[kTurn];
  __m256 sums[kTurn];   // of high bits times activations, in parts
  __m256 rests[kTurn];  // of offsets and slacks
};

// The other numbers of up to 8 blocks of a row, zeros beyond.
template <bool kWhole>
[[gnu::always_inline]] inline __m256 load_norms(const uint8_t* bytes, int n) {
  const __m128i norms =
      _mm_cvtsi64_si128(generic::load_up_to_8(bytes, kWhole ? kStretchBlocks : n));
  return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(norms));
}
template <bool kWhole>
[[gnu::always_inline]] inline __m256 load_floats(const float* values, int n) {
  if constexpr (kWhole) return _mm256_loadu_ps(values);
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_maskload_ps(values, _mm256_cmpgt_epi32(_mm256_set1_epi32(n), lane));
}

// Blocks kFirst and kFirst + 1 of a stretch: sums += high bits times activations times scales.
template <int kFirst, bool kBoth>
[[gnu::always_inline]] inline void bound_step(Turn& turn, const __m256* scales, const int8_t* codes,
                                              int64_t offset) {
  const StepCodes x = step_codes<kBoth>(codes + kBlock * kFirst);
  const __m256i order = _mm256_setr_epi32(kFirst, kFirst, kFirst, kFirst, kFirst + 1, kFirst + 1,
                                          kFirst + 1, kFirst + 1);
#pragma GCC unroll 4
  for (int i = 0; i < kTurn; ++i) {
    const __m256i high = nibble_sums(load_plane<kBoth>(turn.upper[i] + offset + 16 * kFirst), x);
    const __m256i parts = _mm256_madd_epi16(high, _mm256_set1_epi16(1));
    turn.sums[i] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(parts),
                                   _mm256_permutevar8x32_ps(scales[i], order), turn.sums[i]);
  }
}

template <int kFirst>
[[gnu::always_inline]] inline void bound_steps(Turn& turn, const __m256* scales,
                                               const int8_t* codes, int64_t offset, int n_blocks) {
  if constexpr (kFirst < kStretchBlocks) {
    if (n_blocks >= kFirst + 2)
      bound_step<kFirst, true>(turn, scales, codes, offset);
    else if (n_blocks > kFirst)
      bound_step<kFirst, false>(turn, scales, codes, offset);
    bound_steps<kFirst + 2>(turn, scales, codes, offset, n_blocks);
  }
}

// Up to 8 blocks of the rows of a turn.
template <bool kWhole>
[[gnu::always_inline]] inline void bound_stretch(Turn& turn, const BoundArgs& args, int64_t block,
                                                 int n_blocks) {
  const __m256 x_scales = load_floats<kWhole>(args.x.scales + block, n_blocks);
  const __m256 offsets = load_floats<kWhole>(args.offsets + block, n_blocks);
  const __m256 slack_units = load_floats<kWhole>(args.norms + block, n_blocks);
  const __m256 sign = _mm256_set1_ps(-0.0f);
  __m256 scales[kTurn];
#pragma GCC unroll 4
  for (int i = 0; i < kTurn; ++i) {
    const __m128i halves = generic::load_halves<kWhole>(turn.scales[i] + 2 * block, n_blocks);
    scales[i] = _mm256_mul_ps(_mm256_cvtph_ps(halves), x_scales);
    const __m256 slacks =
        _mm256_mul_ps(load_norms<kWhole>(turn.norms[i] + block, n_blocks), slack_units);
    turn.rests[i] = _mm256_fmadd_ps(scales[i], offsets, turn.rests[i]);
    turn.rests[i] = _mm256_fmadd_ps(_mm256_andnot_ps(sign, scales[i]), slacks, turn.rests[i]);
  }
  bound_steps<0>(turn, scales, args.x.codes + kBlock * block, 16 * block,
                 kWhole ? kStretchBlocks : n_blocks);
}

// [4 rows] of the bounds of consecutive rows; rows beyond n are the last one again.
[[gnu::always_inline]] inline __m128 bounds_of_4(const SplitMatrix& matrix, const SplitLayout& at,
                                                 int64_t first, int n, const BoundArgs& args) {
  const int64_t n_blocks = matrix.k / kBlock;
  Turn turn;
#pragma GCC unroll 4
  for (int i = 0; i < kTurn; ++i) {
    const int64_t row = first + (i < n ? i : n - 1);
    turn.upper[i] = matrix.data + at.upper + row * (matrix.k / 2);
    turn.scales[i] = matrix.data + at.scales + row * n_blocks * 2;
    turn.norms[i] = matrix.data + at.norms + row * n_blocks;
    turn.sums[i] = _mm256_setzero_ps();
    turn.rests[i] = _mm256_set1_ps(0x1p-100f);
  }
  generic::prefetch_lines(turn.upper[0] + kAhead, kTurn * (matrix.k / 2));
  generic::prefetch_lines(turn.scales[0] + kAhead / 4, kTurn * n_blocks * 2);
  generic::prefetch_lines(turn.norms[0] + kAhead / 8, kTurn * n_blocks);
  int64_t block = 0;
  for (; block + kStretchBlocks <= n_blocks; block += kStretchBlocks)
    bound_stretch<true>(turn, args, block, kStretchBlocks);
  if (block < n_blocks) bound_stretch<false>(turn, args, block, static_cast<int>(n_blocks - block));
  __m128 halves[kTurn];
#pragma GCC unroll 4
  for (int i = 0; i < kTurn; ++i) {
    const __m256 bound = _mm256_fmadd_ps(turn.sums[i], _mm256_set1_ps(16.0f), turn.rests[i]);
    halves[i] = _mm_add_ps(_mm256_castps256_ps128(bound), _mm256_extractf128_ps(bound, 1));
  }
  _MM_TRANSPOSE4_PS(halves[0], halves[1], halves[2], halves[3]);
  const __m128 sums =
      _mm_add_ps(_mm_add_ps(halves[0], halves[1]), _mm_add_ps(halves[2], halves[3]));
  return _mm_min_ps(sums, _mm_set1_ps(__builtin_inff()));  // of a NaN too
}

}  // namespace

void split_products(const SplitMatrix& matrix, const int32_t* rows, int64_t first_row, int64_t n,
                    const QuantRows& x, float* out) {
  const int64_t n_blocks = matrix.k / kBlock;
  for (int64_t row = 0; row < n; row += kRows) {
    const int count = n - row < kRows ? static_cast<int>(n - row) : kRows;
    const auto pointers = generic::find_split_rows<kRows>(matrix, rows, first_row, row, count);
    __m256 acc = _mm256_setzero_ps();
    const Prefetch upcoming(matrix, rows, first_row, row, n);
    int64_t block = 0;
    for (; block + kStretchBlocks <= n_blocks; block += kStretchBlocks) {
      acc = add_stretch<true>(pointers, block, kStretchBlocks, x, upcoming, acc);
    }
    if (block < n_blocks)
      acc =
          add_stretch<false>(pointers, block, static_cast<int>(n_blocks - block), x, upcoming, acc);
    float values[kRows];
    _mm256_storeu_ps(values, acc);
    __builtin_memcpy(out + row, values, static_cast<std::size_t>(count) * sizeof(float));
  }
}

void split_bounds(const SplitMatrix& matrix, int64_t first_row, int64_t n_rows,
                  const BoundArgs& args, float* bounds) {
  const SplitLayout at = split_layout(matrix.format, matrix.n_rows, matrix.k);
  for (int64_t row = 0; row < n_rows; row += kTurn) {
    const int count = n_rows - row < kTurn ? static_cast<int>(n_rows - row) : kTurn;
    float values[kTurn];
    _mm_storeu_ps(values, bounds_of_4(matrix, at, first_row + row, count, args));
    __builtin_memcpy(bounds + row, values, static_cast<std::size_t>(count) * sizeof(float));
  }
}

}  // namespace minnow::avx2
