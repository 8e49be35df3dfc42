// Split heads (kernels/formats/split_layout.hpp): products of chosen rows with one token, and
// bounds of rows from their upper bits.
//
// A row is read in its own order: 64 bytes of a plane are [4 blocks][16 bytes], whose low nibbles
// are k = 0...15 of each block and whose high ones are k = 16...31. Both meet their activations in
// one accumulator, so a 128-bit lane is a block and its four dwords are parts of the block's sum.
// Products need [16 rows] of a block: 4 x 4 transpositions that add inside the lanes, then one of
// lanes. Bounds may be summed in any order, so they keep the parts until the row ends.
#include "kernels/avx512/avx512_split.hpp"

#include "kernels/avx512/avx512_intrinsics.hpp"
#include "kernels/generic/split_scales_avx2.hpp"

namespace minnow::avx512 {
namespace {

using std::int16_t;
using std::int32_t;
using std::int64_t;
using std::int8_t;
using std::uint16_t;
using std::uint64_t;
using std::uint8_t;

constexpr int kRows = 8;
constexpr int kBlock = generic::kSplitBlock;
constexpr int kStepBlocks = 4;  // of a vector of nibbles

// The first n bytes or 16-bit numbers of memory; the rest is zero and not read.
[[gnu::always_inline]] inline __mmask64 first_bytes(int n) {
  return n >= 64 ? ~uint64_t{0} : (uint64_t{1} << n) - 1;
}
[[gnu::always_inline]] inline __m512i load_first(const void* bytes, int n) {
  return _mm512_maskz_loadu_epi8(first_bytes(n), bytes);
}

// The activations of up to four blocks: k = 0...15 and k = 16...31 of each.
struct StepCodes {
  __m512i first;
  __m512i second;

  [[gnu::always_inline]] StepCodes(const int8_t* codes, int n_blocks) {
    const __m512i a = load_first(codes, kBlock * n_blocks);
    const __m512i b = load_first(codes + 64, n_blocks > 2 ? kBlock * (n_blocks - 2) : 0);
    first = _mm512_shuffle_i32x4(a, b, 0x88);
    second = _mm512_shuffle_i32x4(a, b, 0xdd);
  }
};

// Sums of the four dwords of each lane of four vectors: [4 lanes][4 vectors].
[[gnu::always_inline]] inline __m512i add_in_lanes(const __m512i* v) {
  const __m512i ab =
      _mm512_add_epi32(_mm512_unpacklo_epi32(v[0], v[1]), _mm512_unpackhi_epi32(v[0], v[1]));
  const __m512i cd =
      _mm512_add_epi32(_mm512_unpacklo_epi32(v[2], v[3]), _mm512_unpackhi_epi32(v[2], v[3]));
  return _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
}
[[gnu::always_inline]] inline __m512 add_in_lanes(const __m512* v) {
  const __m512 ab = _mm512_add_ps(_mm512_unpacklo_ps(v[0], v[1]), _mm512_unpackhi_ps(v[0], v[1]));
  const __m512 cd = _mm512_add_ps(_mm512_unpacklo_ps(v[2], v[3]), _mm512_unpackhi_ps(v[2], v[3]));
  const __m512d abs = _mm512_castps_pd(ab);
  const __m512d cds = _mm512_castps_pd(cd);
  return _mm512_add_ps(_mm512_castpd_ps(_mm512_unpacklo_pd(abs, cds)),
                       _mm512_castpd_ps(_mm512_unpackhi_pd(abs, cds)));
}

// -- products -------------------------------------------------------------------------------------

using RowPointers = generic::SplitRows<kRows>;
using Prefetch = generic::SplitPrefetch<kRows>;

// [2 blocks][8 rows] of the exact products of blocks 0 and 1, and 2 and 3 of a step, of codes +
// 128.
[[gnu::always_inline]] inline void step_sums(const RowPointers& rows, int64_t offset,
                                             __mmask64 mask, const StepCodes& x,
                                             const Prefetch& upcoming, __m512i* pairs) {
  const __m512i high_bits = _mm512_set1_epi8(static_cast<char>(0xf0));
  __m512i quads[2];
#pragma GCC unroll 2
  for (int q = 0; q < 2; ++q) {
    __m512i parts[4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      upcoming.step(offset / 16, 4 * q + i);
      const __m512i upper = _mm512_maskz_loadu_epi8(mask, rows.upper[4 * q + i] + offset);
      const __m512i lower = _mm512_maskz_loadu_epi8(mask, rows.lower[4 * q + i] + offset);
      const __m512i first = _mm512_ternarylogic_epi32(high_bits, _mm512_slli_epi16(upper, 4), lower,
                                                      0xca);  // bit by bit: mask ? a : b
      const __m512i second =
          _mm512_ternarylogic_epi32(high_bits, upper, _mm512_srli_epi16(lower, 4), 0xca);
      parts[i] = _mm512_dpbusd_epi32(_mm512_setzero_si512(), first, x.first);
      parts[i] = _mm512_dpbusd_epi32(parts[i], second, x.second);
    }
    quads[q] = add_in_lanes(parts);  // [4 blocks][4 rows]
  }
  const __m512i first_two = _mm512_set_epi64(11, 10, 3, 2, 9, 8, 1, 0);
  const __m512i last_two = _mm512_set_epi64(15, 14, 7, 6, 13, 12, 5, 4);
  pairs[0] = _mm512_permutex2var_epi64(quads[0], first_two, quads[1]);
  pairs[1] = _mm512_permutex2var_epi64(quads[0], last_two, quads[1]);
}

// Up to four blocks of 8 rows; kWhole: n_blocks is 4. halves: their scales.
template <bool kWhole>
[[gnu::always_inline]] inline __m256 add_step(const RowPointers& rows, const __m128i* halves,
                                              int64_t block, int n_blocks, const QuantRows& x,
                                              const Prefetch& upcoming, __m256 acc) {
  const int n = kWhole ? kStepBlocks : n_blocks;
  __m512i pairs[2];
  step_sums(rows, 16 * block, first_bytes(16 * n), StepCodes(x.codes + kBlock * block, n), upcoming,
            pairs);
  // -128 times the two sums of 16 activations: the zero point.
  const auto mask = static_cast<__mmask8>((1 << n) - 1);
  const __m128i zeros =
      _mm_madd_epi16(_mm_maskz_loadu_epi32(mask, x.sums + 2 * block), _mm_set1_epi16(-128));
  const __m128 x_scales = _mm_maskz_loadu_ps(mask, x.scales + block);
#pragma GCC unroll 2
  for (int p = 0; p < 2; ++p) {
    if (!kWhole && n <= 2 * p) break;
    const __m512i order =
        _mm512_inserti32x8(_mm512_set1_epi32(2 * p), _mm256_set1_epi32(2 * p + 1), 1);
    const __m512i zero = _mm512_permutexvar_epi32(order, _mm512_castsi128_si512(zeros));
    const __m512 x_scale = _mm512_permutexvar_ps(order, _mm512_castps128_ps512(x_scales));
    const __m512 sum = _mm512_cvtepi32_ps(_mm512_add_epi32(pairs[p], zero));
    const __m256i both = _mm256_set_m128i(halves[2 * p + 1], halves[2 * p]);
    const __m512 scale = _mm512_mul_ps(_mm512_cvtph_ps(both), x_scale);
    acc = _mm256_fmadd_ps(_mm512_castps512_ps256(sum), _mm512_castps512_ps256(scale), acc);
    if (!kWhole && n <= 2 * p + 1) break;
    acc = _mm256_fmadd_ps(_mm512_extractf32x8_ps(sum, 1), _mm512_extractf32x8_ps(scale, 1), acc);
  }
  return acc;
}

// Up to 8 blocks of 8 rows.
template <bool kWhole>
[[gnu::always_inline]] inline __m256 add_stretch(const RowPointers& rows, int64_t block,
                                                 int n_blocks, const QuantRows& x,
                                                 const Prefetch& upcoming, __m256 acc) {
  __m128i halves[generic::kStretchBlocks];
  generic::stretch_scales<kWhole>([&](int r) { return rows.scales[r] + 2 * block; }, n_blocks,
                                  halves);
  if (kWhole || n_blocks >= kStepBlocks) {
    acc = add_step<true>(rows, halves, block, kStepBlocks, x, upcoming, acc);
    if (!kWhole && n_blocks == kStepBlocks) return acc;
    return add_step<kWhole>(rows, halves + kStepBlocks, block + kStepBlocks, n_blocks - kStepBlocks,
                            x, upcoming, acc);
  }
  return add_step<false>(rows, halves, block, n_blocks, x, upcoming, acc);
}

// -- bounds ---------------------------------------------------------------------------------------

constexpr int kTurn = 4;            // rows that meet a step together
constexpr int64_t kAhead = 8192;    // bytes of a plane that are on their way
constexpr int kStretchBlocks = 16;  // blocks whose scales are one vector

// Lane j of the result: element first + j of v, four times.
template <int First>
[[gnu::always_inline]] inline __m512 spread(__m512 v) {
  const __m512i order = _mm512_set_epi32(First + 3, First + 3, First + 3, First + 3, First + 2,
                                         First + 2, First + 2, First + 2, First + 1, First + 1,
                                         First + 1, First + 1, First, First, First, First);
  return _mm512_permutexvar_ps(order, v);
}

// Consecutive rows at some block.
struct Turn {
  const uint8_t* upper[kTurn];
  const uint8_t* scales[kTurn];
  const uint8_t* norms[kTurn];
  __m512 sums[kTurn];   // of high bits times activations, in parts
  __m512 rests[kTurn];  // of offsets and slacks
};

// acc += sums of the high bits of four blocks, from kFirst of a stretch on, times their scales.
template <int kFirst>
[[gnu::always_inline]] inline void bound_step(Turn& turn, const __m512* scales, const StepCodes& x,
                                              __mmask64 mask) {
  const __m512i low_bits = _mm512_set1_epi8(15);
#pragma GCC unroll 4
  for (int i = 0; i < kTurn; ++i) {
    const __m512i bytes = _mm512_maskz_loadu_epi8(mask, turn.upper[i] + 16 * kFirst);
    const __m512i first = _mm512_and_si512(bytes, low_bits);
    const __m512i second = _mm512_and_si512(_mm512_srli_epi16(bytes, 4), low_bits);
    __m512i parts = _mm512_dpbusd_epi32(_mm512_setzero_si512(), first, x.first);
    parts = _mm512_dpbusd_epi32(parts, second, x.second);
    turn.sums[i] =
        _mm512_fmadd_ps(_mm512_cvtepi32_ps(parts), spread<kFirst>(scales[i]), turn.sums[i]);
  }
}

// Steps of a stretch from block kFirst on.
template <bool kWhole, int kFirst>
[[gnu::always_inline]] inline void bound_steps(Turn& turn, const __m512* scales,
                                               const int8_t* codes, int n_blocks) {
  if constexpr (kFirst < kStretchBlocks) {
    if (!kWhole && kFirst >= n_blocks) return;
    const int rest = kWhole ? kStepBlocks : n_blocks - kFirst;
    const int n = rest < kStepBlocks ? rest : kStepBlocks;
    bound_step<kFirst>(turn, scales, StepCodes(codes + kBlock * kFirst, n), first_bytes(16 * n));
    bound_steps<kWhole, kFirst + kStepBlocks>(turn, scales, codes, n_blocks);
  }
}

// Up to 16 blocks of the rows of a turn.
template <bool kWhole>
[[gnu::always_inline]] inline void bound_stretch(Turn& turn, const BoundArgs& args, int64_t block,
                                                 int n_blocks) {
  const auto mask = static_cast<__mmask16>(kWhole ? 0xffff : (1 << n_blocks) - 1);
  const __m512 x_scales = _mm512_maskz_loadu_ps(mask, args.x.scales + block);
  const __m512 offsets = _mm512_maskz_loadu_ps(mask, args.offsets + block);
  const __m512 slack_units = _mm512_maskz_loadu_ps(mask, args.norms + block);
  __m512 scales[kTurn];
#pragma GCC unroll 4
  for (int i = 0; i < kTurn; ++i) {
    const __m256i halves = _mm256_maskz_loadu_epi16(mask, turn.scales[i] + 2 * block);
    const __m128i bytes = _mm_maskz_loadu_epi8(mask, turn.norms[i] + block);
    scales[i] = _mm512_mul_ps(_mm512_cvtph_ps(halves), x_scales);
    const __m512 norms = _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes));
    const __m512 slacks = _mm512_mul_ps(norms, slack_units);
    turn.rests[i] = _mm512_fmadd_ps(scales[i], offsets, turn.rests[i]);
    turn.rests[i] = _mm512_fmadd_ps(_mm512_abs_ps(scales[i]), slacks, turn.rests[i]);
  }
  bound_steps<kWhole, 0>(turn, scales, args.x.codes + kBlock * block, n_blocks);
  for (int i = 0; i < kTurn; ++i) turn.upper[i] += 16 * kStretchBlocks;
}

// [16 rows] of the bounds of consecutive rows; rows beyond n are the last one again.
[[gnu::always_inline]] inline __m512 bounds_of_16(const SplitMatrix& matrix, const SplitLayout& at,
                                                  int64_t first, int n, const BoundArgs& args) {
  const int64_t n_blocks = matrix.k / kBlock;
  __m512 quads[4];
  for (int q = 0; q < 4; ++q) {
    Turn turn;
#pragma GCC unroll 4
    for (int i = 0; i < kTurn; ++i) {
      const int place = 4 * q + i;
      const int64_t row = first + (place < n ? place : n - 1);
      turn.upper[i] = matrix.data + at.upper + row * (matrix.k / 2);
      turn.scales[i] = matrix.data + at.scales + row * n_blocks * 2;
      turn.norms[i] = matrix.data + at.norms + row * n_blocks;
      turn.sums[i] = _mm512_setzero_ps();
      turn.rests[i] = _mm512_set1_ps(0x1p-100f);
    }
    generic::prefetch_lines(turn.upper[0] + kAhead, kTurn * (matrix.k / 2));
    generic::prefetch_lines(turn.scales[0] + kAhead / 4, kTurn * n_blocks * 2);
    generic::prefetch_lines(turn.norms[0] + kAhead / 8, kTurn * n_blocks);
    int64_t block = 0;
    for (; block + kStretchBlocks <= n_blocks; block += kStretchBlocks)
      bound_stretch<true>(turn, args, block, kStretchBlocks);
    if (block < n_blocks)
      bound_stretch<false>(turn, args, block, static_cast<int>(n_blocks - block));
    __m512 bounds[kTurn];
#pragma GCC unroll 4
    for (int i = 0; i < kTurn; ++i)
      bounds[i] = _mm512_fmadd_ps(turn.sums[i], _mm512_set1_ps(16.0f), turn.rests[i]);
    quads[q] = add_in_lanes(bounds);  // [4 parts][4 rows]
  }
  const __m512 ab = _mm512_add_ps(_mm512_shuffle_f32x4(quads[0], quads[1], 0x44),
                                  _mm512_shuffle_f32x4(quads[0], quads[1], 0xee));
  const __m512 cd = _mm512_add_ps(_mm512_shuffle_f32x4(quads[2], quads[3], 0x44),
                                  _mm512_shuffle_f32x4(quads[2], quads[3], 0xee));
  const __m512 sums =
      _mm512_add_ps(_mm512_shuffle_f32x4(ab, cd, 0x88), _mm512_shuffle_f32x4(ab, cd, 0xdd));
  return _mm512_min_ps(sums, _mm512_set1_ps(__builtin_inff()));  // of a NaN too
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
    for (; block + generic::kStretchBlocks <= n_blocks; block += generic::kStretchBlocks) {
      acc = add_stretch<true>(pointers, block, generic::kStretchBlocks, x, upcoming, acc);
    }
    if (block < n_blocks) {
      acc =
          add_stretch<false>(pointers, block, static_cast<int>(n_blocks - block), x, upcoming, acc);
    }
    _mm256_mask_storeu_ps(out + row, static_cast<__mmask8>((1 << count) - 1), acc);
  }
}

void split_bounds(const SplitMatrix& matrix, int64_t first_row, int64_t n_rows,
                  const BoundArgs& args, float* bounds) {
  const SplitLayout at = split_layout(matrix.format, matrix.n_rows, matrix.k);
  for (int64_t row = 0; row < n_rows; row += kGroupRows) {
    const int count = n_rows - row < kGroupRows ? static_cast<int>(n_rows - row) : kGroupRows;
    const __m512 sums = bounds_of_16(matrix, at, first_row + row, count, args);
    _mm512_mask_storeu_ps(bounds + row, static_cast<__mmask16>((1 << count) - 1), sums);
  }
}

}  // namespace minnow::avx512
