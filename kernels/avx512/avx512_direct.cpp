// Products for one token: weights are decoded in registers at the speed of memory. 16 rows and all
// of k at a time; a row is a lane.
#include "kernels/avx512/avx512_integer.hpp"
#include "kernels/avx512/avx512_tiles.hpp"
#include "kernels/generic/integer_formats.hpp"

namespace minnow::avx512 {
namespace {

using generic::IntegerRule;
using std::int16_t;
using std::int64_t;
using std::int8_t;

// The activations of T tokens from some k on.
struct TokenRows {
  const int8_t* codes;
  const float* scales;
  const int16_t* sums;
  int64_t codes_stride;
  int64_t scales_stride;
  int64_t sums_stride;

  [[gnu::always_inline]] __m512i codes_at(int token, int k) const {
    return broadcast_4_bytes(codes + token * codes_stride + k);
  }
  // The sums of k ... k + 15 and k + 16 ... k + 31 in the two halves of every lane.
  [[gnu::always_inline]] __m512i sums_at(int token, int k) const {
    return broadcast_4_bytes(sums + token * sums_stride + k / 16);
  }
  [[gnu::always_inline]] __m512 scale(int token, int group) const {
    return _mm512_set1_ps(scales[token * scales_stride + group]);
  }
  [[gnu::always_inline]] void advance(int k, int x_group) {
    codes += k;
    scales += k / x_group;
    sums += k / 16;
  }
};

template <int Bytes>
[[gnu::always_inline]] inline void prefetch(const uint8_t* bytes) {
#pragma GCC unroll 8
  for (int line = 0; line < Bytes; line += 64) _mm_prefetch(bytes + line, _MM_HINT_T0);
}

// Adds the products of codes<G>(j)...codes<End - 1>(j).
template <int T, int G, int End, class TileType>
[[gnu::always_inline]] inline void add_products(const TileType& tile, int j, const TokenRows& x,
                                                __m512i* sums) {
  if constexpr (G < End) {
    const __m512i codes = tile.template codes<G>(j);
#pragma GCC unroll 8
    for (int token = 0; token < T; ++token) {
      const __m512i activations = x.codes_at(token, 32 * j + 4 * G);
      sums[token] = _mm512_dpbusd_epi32(sums[token], codes, activations);
    }
    add_products<T, G + 1, End>(tile, j, x, sums);
  }
}

enum class Part { kFirst16, kLast16, kAll32 };

// sums[token] = the sum of (code - zero) * activation over (a part of) k = 32j...32j + 31, exactly.
template <int T, Part P, class TileType>
[[gnu::always_inline]] inline void dot(const TileType& tile, int j, const TokenRows& x,
                                       __m512i* sums) {
  constexpr int kLow = P == Part::kLast16 ? 0 : -TileType::kZero;
  constexpr int kHigh = P == Part::kFirst16 ? 0 : -TileType::kZero;
#pragma GCC unroll 8
  for (int token = 0; token < T; ++token) {
    sums[token] = _mm512_setzero_si512();
    if constexpr (TileType::kZero != 0) {
      const __m512i zeros = _mm512_set1_epi32(kHigh * 65536 + (kLow & 0xffff));
      sums[token] = _mm512_dpwssd_epi32(sums[token], zeros, x.sums_at(token, 32 * j));
    }
  }
  constexpr int kFirst = P == Part::kLast16 ? 4 : 0;
  constexpr int kEnd = P == Part::kFirst16 ? 4 : 8;
  add_products<T, kFirst, kEnd>(tile, j, x, sums);
}

// One tile of a format with 32 weights and 32 activations under a scale.
template <Format F, int T>
[[gnu::always_inline]] inline void add_block(const Tile<F>& tile, const TokenRows& x, __m512* acc) {
  __m512i sums[T];
  dot<T, Part::kAll32>(tile, 0, x, sums);
  const __m512 scale = tile.scale(0);
#pragma GCC unroll 8
  for (int token = 0; token < T; ++token) {
    const __m512 x_scale = x.scale(token, 0);
    const __m512 product = _mm512_mul_ps(scale, x_scale);
    acc[token] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums[token]), product, acc[token]);
    if constexpr (generic::integer_rule(F).mins == Mins::kBlock) {
      const __m512i ones = _mm512_set1_epi16(1);
      const __m512i sum = _mm512_madd_epi16(x.sums_at(token, 0), ones);
      const __m512 offset = _mm512_mul_ps(tile.offset(), x_scale);
      acc[token] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), offset, acc[token]);
    }
  }
}

// parts[token] += the product of (a part of) k = 32j...32j + 31, which is sub-block s.
template <int T, Part P, class TileType>
[[gnu::always_inline]] inline void add_sub_block(const TileType& tile, int j, int s,
                                                 const TokenRows& x, __m512* parts) {
  __m512i sums[T];
  dot<T, P>(tile, j, x, sums);
  const __m512 scale = tile.scale(s);
#pragma GCC unroll 8
  for (int token = 0; token < T; ++token) {
    parts[token] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums[token]), scale, parts[token]);
  }
}

// The 128 weights of group h (0 or 1) in a tile of 256. Meanwhile it prefetches a half of a tile:
// in pieces, since what is asked for all at once is in the way of what is needed now.
template <Format F, int T>
[[gnu::always_inline]] inline void add_group_of_128(const Tile<F>& tile, int h, const TokenRows& x,
                                                    const uint8_t* ahead, __m512* acc) {
  constexpr IntegerRule kRule = generic::integer_rule(F);
  constexpr int kPieceBytes = (format_info(F).block_bytes * kGroupRows / 8 + 63) / 64 * 64;
  __m512 parts[T];
#pragma GCC unroll 8
  for (int token = 0; token < T; ++token) parts[token] = _mm512_setzero_ps();
  for (int j = 4 * h; j < 4 * h + 4; ++j) {
    prefetch<kPieceBytes>(ahead + j * kPieceBytes);
    if constexpr (kRule.sub == 32) {
      add_sub_block<T, Part::kAll32>(tile, j, j, x, parts);
    } else {
      add_sub_block<T, Part::kFirst16>(tile, j, 2 * j, x, parts);
      add_sub_block<T, Part::kLast16>(tile, j, 2 * j + 1, x, parts);
    }
  }
  if constexpr (kRule.mins == Mins::kInteger) {
    __m512i min_sums[T];
#pragma GCC unroll 8
    for (int token = 0; token < T; ++token) min_sums[token] = _mm512_setzero_si512();
    for (int j = 4 * h; j < 4 * h + 4; ++j) {
      const __m512i mins = tile.mins(j);
#pragma GCC unroll 8
      for (int token = 0; token < T; ++token) {
        min_sums[token] = _mm512_dpwssd_epi32(min_sums[token], mins, x.sums_at(token, 32 * j));
      }
    }
    const __m512 dmin = tile.dmin();
#pragma GCC unroll 8
    for (int token = 0; token < T; ++token) {
      parts[token] = _mm512_fnmadd_ps(_mm512_cvtepi32_ps(min_sums[token]), dmin, parts[token]);
    }
  }
#pragma GCC unroll 8
  for (int token = 0; token < T; ++token) {
    acc[token] = _mm512_fmadd_ps(parts[token], x.scale(token, h), acc[token]);
  }
}

// How far ahead tiles are prefetched. Measured on 4 KiB pages with one token, in GB/s, without and
// at 4, 8, 16 and 32 KiB: Q6_K 20, 35, 40, 35, 35; Q4_K 30, 39, 43, 42, 40 (a plain read: 37),
// since the hardware does not follow a tile that is not read in order; Q8_0, which is, 37, 34, 33,
// 31, 32. With more tokens Q8_0 gains too.
template <Format F, int T>
constexpr int kPrefetchDistance = (F == Format::kQ8_0) && (T == 1) ? 0 : 8192;

// T tokens of one row group.
template <Format F, int T>
void matmul_group(const MatmulArgs& args, int64_t row, int64_t first_token) {
  constexpr FormatInfo kInfo = format_info(F);
  constexpr int kAhead = kPrefetchDistance<F, T>;
  const QuantRows& q = args.x;
  TokenRows x = {q.codes + first_token * q.codes_stride,
                 q.scales + first_token * q.scales_stride,
                 q.sums + first_token * q.sums_stride,
                 q.codes_stride,
                 q.scales_stride,
                 q.sums_stride};
  const uint8_t* bytes = static_cast<const uint8_t*>(args.weights);
  bytes += row * (args.k / kInfo.elements) * kInfo.block_bytes;
  __m512 acc[T];
#pragma GCC unroll 8
  for (int token = 0; token < T; ++token) acc[token] = _mm512_setzero_ps();
  for (int64_t k = 0; k < args.k; k += kInfo.elements) {
    const Tile<F> tile{{bytes}};
    if constexpr (kInfo.elements == 32) {
      if constexpr (kAhead > 0) prefetch<kInfo.block_bytes * kGroupRows>(bytes + kAhead);
      add_block<F, T>(tile, x, acc);
    } else {
      for (int h = 0; h < 2; ++h) add_group_of_128<F, T>(tile, h, x, bytes + kAhead, acc);
    }
    x.advance(kInfo.elements, kInfo.x_group);
    bytes += kInfo.block_bytes * kGroupRows;
  }
  const int64_t rest = args.n_rows - row;
  const auto mask = static_cast<__mmask16>(rest >= 16 ? 0xffff : (1 << rest) - 1);
  float* const out = args.out + first_token * args.out_stride + row;
#pragma GCC unroll 8
  for (int token = 0; token < T; ++token) {
    _mm512_mask_storeu_ps(out + token * args.out_stride, mask, acc[token]);
  }
}

template <Format F>
void matmul_rows(const MatmulArgs& args) {
  for (int64_t row = 0; row < args.n_rows; row += kGroupRows) {
    for (int64_t token = 0; token < args.n_tokens; ++token) matmul_group<F, 1>(args, row, token);
  }
}

}  // namespace

void matmul_direct(Format format, const MatmulArgs& args) {
  generic::visit_integer_tiles(
      format, [&](auto constant) { matmul_rows<decltype(constant)::kValue>(args); });
}

}  // namespace minnow::avx512
