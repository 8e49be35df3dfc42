// Products of 4-, 5- and 6-bit weights with one to four tokens: every byte of the weights is read
// once, in order, and codes live in registers only.
//
// A vector of codes [8 rows][4 k], unsigned, meets the same 4 activations of a token in every lane:
//   vpmaddubsw  codes  [r0: c0 c1 c2 c3 | r1: ... | r7: ...]
//               token  [    q0 q1 q2 q3 |     ... |     ...]   (vpbroadcastd)
//            -> 16 bit [r0: c0q0 + c1q1, c2q2 + c3q3 | ...]
// A 16-bit sum holds 8, 4 or 2 of these for 4-, 5- and 6-bit codes; then vpmaddwd by ones makes
// 32-bit sums of them. The zero point of a code is taken back through the sums of 16 activations.
#include "kernels/avx2/avx2_codes.hpp"
#include "kernels/avx2/avx2_integer.hpp"
#include "kernels/avx2/avx2_tokens.hpp"

namespace minnow::avx2 {
namespace {

using std::int64_t;
using std::uint8_t;

// dots[t] = sum over groups g of 4 k in [kFirst, kFirst + kCount) of code * x.
template <Format F, int T, int kFirst, int kCount>
[[gnu::always_inline]] inline void dot(const uint8_t* half_tile, int unit, const Tokens<T>& x,
                                       __m256i* dots) {
  constexpr int kBits = code_layout(F).bits;
  constexpr int kHold = kBits == 4 ? 8 : kBits == 5 ? 4 : 2;
  const __m256i ones = _mm256_set1_epi16(1);
  __m256i sums[T];
#pragma GCC unroll 8
  for (int g = kFirst; g < kFirst + kCount; ++g) {
    const __m256i codes = codes_of<F>(half_tile, unit, g);
#pragma GCC unroll 4
    for (int t = 0; t < T; ++t) {
      const __m256i q = broadcast_dword(x.codes[t] + 32 * unit + 4 * g);
      const __m256i product = _mm256_maddubs_epi16(codes, q);
      sums[t] = g % kHold == 0 ? product : _mm256_add_epi16(sums[t], product);
      keep_order(sums[t]);
      if (g % kHold != kHold - 1) continue;
      const __m256i wide = _mm256_madd_epi16(sums[t], ones);
      dots[t] = g - kFirst < kHold ? wide : _mm256_add_epi32(dots[t], wide);
    }
  }
}

// A block of 32 in one scale of the activations.
template <Format F, int T>
[[gnu::always_inline]] inline void add_block(const uint8_t* tile, int half, const Tokens<T>& x,
                                             __m256* acc) {
  constexpr CodeLayout kLayout = code_layout(F);
  __m256i dots[T];
  dot<F, T, 0, 8>(tile + kHalfBytes * half, 0, x, dots);
  const __m256 scale = field_of(tile, half, 0);
#pragma GCC unroll 4
  for (int t = 0; t < T; ++t) {
    const __m256i sums = broadcast_dword(x.sums[t]);
    if constexpr (kLayout.zero != 0) {
      const __m256i zeros = _mm256_madd_epi16(sums, _mm256_set1_epi16(-kLayout.zero));
      dots[t] = _mm256_add_epi32(dots[t], zeros);
    }
    const __m256 x_scale = _mm256_broadcast_ss(x.scales[t]);
    acc[t] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dots[t]), _mm256_mul_ps(scale, x_scale), acc[t]);
    if constexpr (kLayout.mins == Mins::kBlock) {
      const __m256 x_sum = _mm256_cvtepi32_ps(_mm256_madd_epi16(sums, _mm256_set1_epi16(1)));
      acc[t] = _mm256_fmadd_ps(x_sum, _mm256_mul_ps(field_of(tile, half, 1), x_scale), acc[t]);
    }
  }
}

// The four sub-blocks of 32 in 128 k of Q4_K and Q5_K; kPart: which 128 of the tile.
template <Format F, int T, int kPart>
[[gnu::always_inline]] inline void add_k_part(const uint8_t* tile, int half, const Tokens<T>& x,
                                              __m256* acc) {
  const uint8_t* const half_tile = tile + kHalfBytes * half;
  const KScales scales = k_scales_of(half_tile + code_layout(F).scales, kPart);
  const __m256 d = field_of(tile, half, 0);
  __m256 part[T];
  __m256i min_sums[T];
  for (int t = 0; t < T; ++t) part[t] = _mm256_setzero_ps();
  for (int t = 0; t < T; ++t) min_sums[t] = _mm256_setzero_si256();
#pragma GCC unroll 4
  for (int s = 0; s < 4; ++s) {
    const int unit = 4 * kPart + s;
    __m256i dots[T];
    dot<F, T, 0, 8>(half_tile, unit, x, dots);
    const __m256 scale = _mm256_mul_ps(d, _mm256_cvtepi32_ps(unsigned_byte(scales.scales, s)));
    const __m256i mins = byte_pair(scales.mins, s);
#pragma GCC unroll 4
    for (int t = 0; t < T; ++t) {
      part[t] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dots[t]), scale, part[t]);
      const __m256i sums = broadcast_dword(x.sums[t] + 2 * unit);
      min_sums[t] = _mm256_add_epi32(min_sums[t], _mm256_madd_epi16(mins, sums));
    }
  }
  const __m256 dmin = field_of(tile, half, 1);
#pragma GCC unroll 4
  for (int t = 0; t < T; ++t) {
    part[t] = _mm256_fnmadd_ps(_mm256_cvtepi32_ps(min_sums[t]), dmin, part[t]);
    acc[t] = _mm256_fmadd_ps(part[t], _mm256_broadcast_ss(x.scales[t] + kPart), acc[t]);
  }
}

// The eight sub-blocks of 16 in 128 k of Q6_K.
template <int T, int kPart>
[[gnu::always_inline]] inline void add_q6_part(const uint8_t* tile, int half, const Tokens<T>& x,
                                               __m256* acc) {
  constexpr Format kFormat = Format::kQ6_K;
  const uint8_t* const half_tile = tile + kHalfBytes * half;
  const __m256 d = field_of(tile, half, 0);
  // The zero point times the first or the second of two sums of 16.
  const __m256i zeros[2] = {_mm256_set1_epi32(-32 & 0xffff), _mm256_set1_epi32(-32 * 65536)};
  __m256 part[T];
  for (int t = 0; t < T; ++t) part[t] = _mm256_setzero_ps();
#pragma GCC unroll 4
  for (int s = 0; s < 4; ++s) {
    const int unit = 4 * kPart + s;
    __m256i dots[2][T];
    dot<kFormat, T, 0, 4>(half_tile, unit, x, dots[0]);
    dot<kFormat, T, 4, 4>(half_tile, unit, x, dots[1]);
#pragma GCC unroll 2
    for (int second = 0; second < 2; ++second) {
      const __m256 scale = q6_scale(half_tile, d, unit, second);
#pragma GCC unroll 4
      for (int t = 0; t < T; ++t) {
        const __m256i sums = broadcast_dword(x.sums[t] + 2 * unit);
        const __m256i zero = _mm256_madd_epi16(sums, zeros[second]);
        const __m256 sum = _mm256_cvtepi32_ps(_mm256_add_epi32(dots[second][t], zero));
        part[t] = _mm256_fmadd_ps(sum, scale, part[t]);
      }
    }
  }
  for (int t = 0; t < T; ++t) {
    acc[t] = _mm256_fmadd_ps(part[t], _mm256_broadcast_ss(x.scales[t] + kPart), acc[t]);
  }
}

template <Format F, int T>
[[gnu::always_inline]] inline void add_tile(const uint8_t* tile, const Tokens<T>& x,
                                            __m256 (*acc)[T]) {
  if constexpr (code_layout(F).units == 1) {
    add_block<F, T>(tile, 0, x, acc[0]);
    add_block<F, T>(tile, 1, x, acc[1]);
    return;
  }
#pragma GCC unroll 1
  for (int half = 0; half < 2; ++half) {  // A loop: written out, the code would be twice as long.
    if constexpr (F == Format::kQ6_K) {
      add_q6_part<T, 0>(tile, half, x, acc[half]);
      add_q6_part<T, 1>(tile, half, x, acc[half]);
    } else {
      add_k_part<F, T, 0>(tile, half, x, acc[half]);
      add_k_part<F, T, 1>(tile, half, x, acc[half]);
    }
  }
}

// 16 rows and T tokens over all k.
template <Format F, int T>
void matmul_group(const uint8_t* tile, int64_t k, Tokens<T> x, const OutTile& out) {
  constexpr CodeLayout kLayout = code_layout(F);
  constexpr int kElements = 32 * kLayout.units;
  __m256 acc[2][T];
  for (int t = 0; t < T; ++t) acc[0][t] = acc[1][t] = _mm256_setzero_ps();
  for (int64_t i = 0; i < k; i += kElements) {
    add_tile<F, T>(tile, x, acc);
    tile += kLayout.tile_bytes;
    x.advance(kElements, x_group_of(F));
  }
  for (int t = 0; t < T; ++t) {
    out.store(t, 0, acc[0][t]);
    out.store(t, 1, acc[1][t]);
  }
}

template <Format F>
void matmul_direct_as(const MatmulArgs& args) {
  constexpr CodeLayout kLayout = code_layout(F);
  const uint8_t* group = static_cast<const uint8_t*>(args.weights);
  const int64_t group_bytes = args.k / (32 * kLayout.units) * kLayout.tile_bytes;
  for (int64_t row = 0; row < args.n_rows; row += kGroupRows) {
    for_token_tiles(args.n_tokens, [&](auto count, int64_t token) {
      constexpr int kTokens = decltype(count)::kValue;
      const Tokens<kTokens> x = tokens_at<kTokens>(args.x, token, 0, x_group_of(F));
      matmul_group<F, kTokens>(group, args.k, x, out_tile(args, row, token, true));
    });
    group += group_bytes;
  }
}

}  // namespace

void matmul_direct(Format format, const MatmulArgs& args) {
  switch (format) {
    case Format::kQ4_0:
      return matmul_direct_as<Format::kQ4_0>(args);
    case Format::kQ4_1:
      return matmul_direct_as<Format::kQ4_1>(args);
    case Format::kQ5_0:
      return matmul_direct_as<Format::kQ5_0>(args);
    case Format::kQ5_1:
      return matmul_direct_as<Format::kQ5_1>(args);
    case Format::kQ4_K:
      return matmul_direct_as<Format::kQ4_K>(args);
    case Format::kQ5_K:
      return matmul_direct_as<Format::kQ5_K>(args);
    case Format::kQ6_K:
      return matmul_direct_as<Format::kQ6_K>(args);
    default:
      return;
  }
}

}  // namespace minnow::avx2
