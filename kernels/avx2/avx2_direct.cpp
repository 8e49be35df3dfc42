// Products of 4-, 5- and 6-bit weights with one to three tokens: every byte of the weights is read
// from memory once, and codes live in registers only. (One token and a format with 256 elements:
// avx2_one_token.hpp.)
//
// A vector of codes [8 rows][4 k], unsigned, meets the same 4 activations of a token in every lane:
//   vpmaddubsw  codes  [r0: c0 c1 c2 c3 | r1: ... | r7: ...]
//               token  [    q0 q1 q2 q3 |     ... |     ...]   (vpbroadcastd)
//            -> 16 bit [r0: c0q0 + c1q1, c2q2 + c3q3 | ...]
// A 16-bit sum holds 8, 4 or 2 of these for 4-, 5- and 6-bit codes; then vpmaddwd by ones makes
// 32-bit sums of them. The zero point of a code is taken back through the sums of 16 activations.
#include "kernels/avx2/avx2_codes.hpp"
#include "kernels/avx2/avx2_integer.hpp"
#include "kernels/avx2/avx2_one_token.hpp"
#include "kernels/avx2/avx2_tokens.hpp"

namespace minnow::avx2 {
namespace {

using std::int64_t;
using std::int8_t;
using std::uint8_t;

// Every unit asks for its share of the weights that come later.
template <Format F>
[[gnu::always_inline]] inline void prefetch_unit(const uint8_t* tile, int unit) {
  constexpr CodeLayout kLayout = code_layout(F);
  constexpr int kShare = kLayout.tile_bytes / kLayout.units;
  prefetch(tile + kShare * unit, kShare);
}

// dots[t] = sum over groups g of 4 k in [kFirst, kFirst + kCount) of code * x.
template <Format F, int T, int kFirst, int kCount>
[[gnu::always_inline]] inline void dot(const uint8_t* half_tile, int unit, const Tokens<T>& x,
                                       __m256i* dots) {
  constexpr int kBits = code_layout(F).bits;
  constexpr int kHold = kBits == 4 ? 8 : kBits == 5 ? 4 : 2;
  const __m256i ones = _mm256_set1_epi16(1);
  __m256i sums[T];
  const int8_t* tokens[T];
#pragma GCC unroll 4
  for (int t = 0; t < T; ++t) {
    tokens[t] = x.codes[t];
    __asm__("" : "+r"(tokens[t]));
  }
#pragma GCC unroll 8
  for (int g = kFirst; g < kFirst + kCount; ++g) {
    const __m256i codes = codes_of<F>(half_tile, unit, g);
#pragma GCC unroll 4
    for (int t = 0; t < T; ++t) {
      const __m256i q = broadcast_dword(tokens[t] + 32 * unit + 4 * g);
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

// part[t] -= dmin * (sum of min * sum of x) over the four sub-blocks of 128 k.
template <int T, int kPart>
[[gnu::always_inline]] inline void take_mins(__m256i mins, __m256 dmin, const Tokens<T>& x,
                                             __m256* part) {
  __m256i pairs[4];
#pragma GCC unroll 4
  for (int s = 0; s < 4; ++s) pairs[s] = byte_pair(mins, s);
#pragma GCC unroll 4
  for (int t = 0; t < T; ++t) {
    __m256i sum = _mm256_setzero_si256();
#pragma GCC unroll 4
    for (int s = 0; s < 4; ++s) {
      const __m256i sums = broadcast_dword(x.sums[t] + 8 * kPart + 2 * s);
      sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs[s], sums));
    }
    part[t] = _mm256_fnmadd_ps(_mm256_cvtepi32_ps(sum), dmin, part[t]);
  }
}

// The four sub-blocks of 32 in 128 k of Q4_K and Q5_K; kPart: which 128 of the tile. The halves
// take turns at each sub-block, so that the weights are read in order.
template <Format F, int T, int kPart>
[[gnu::always_inline]] inline void add_k_part(const uint8_t* tile, const Tokens<T>& x,
                                              __m256 (*acc)[T]) {
  __m256 part[2][T];
  KScales scales[2];
#pragma GCC unroll 2
  for (int half = 0; half < 2; ++half) {
    scales[half] = k_scales_of(tile + kHalfBytes * half + code_layout(F).scales, kPart);
#pragma GCC unroll 4
    for (int t = 0; t < T; ++t) part[half][t] = _mm256_setzero_ps();
  }
#pragma GCC unroll 4
  for (int s = 0; s < 4; ++s) {
    prefetch_unit<F>(tile, 4 * kPart + s);
    for (int half = first_half(); half < 2; ++half) {
      __m256i dots[T];
      dot<F, T, 0, 8>(tile + kHalfBytes * half, 4 * kPart + s, x, dots);
      const __m256 step = _mm256_cvtepi32_ps(unsigned_byte(scales[half].scales, s));
      const __m256 scale = _mm256_mul_ps(field_of(tile, half, 0), step);
#pragma GCC unroll 4
      for (int t = 0; t < T; ++t) {
        part[half][t] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dots[t]), scale, part[half][t]);
      }
    }
  }
  for (int half = first_half(); half < 2; ++half) {
    take_mins<T, kPart>(scales[half].mins, field_of(tile, half, 1), x, part[half]);
#pragma GCC unroll 4
    for (int t = 0; t < T; ++t) {
      const __m256 x_scale = _mm256_broadcast_ss(x.scales[t] + kPart);
      acc[half][t] = _mm256_fmadd_ps(part[half][t], x_scale, acc[half][t]);
    }
  }
}

// One of the two sub-blocks of 16 in a unit of Q6_K.
template <int T, int kUnit, int kSecond>
[[gnu::always_inline]] inline void add_q6_sub_block(const uint8_t* tile, int half,
                                                    const Tokens<T>& x, __m256* part) {
  // The zero point times one of the two sums of 16 in a unit.
  constexpr int kZero = kSecond == 0 ? -32 & 0xffff : -32 * 65536;
  __m256i dots[T];
  dot<Format::kQ6_K, T, 4 * kSecond, 4>(tile + kHalfBytes * half, kUnit, x, dots);
  const __m256 scale = q6_scale(tile + kHalfBytes * half, field_of(tile, half, 0), kUnit, kSecond);
#pragma GCC unroll 4
  for (int t = 0; t < T; ++t) {
    const __m256i sums = broadcast_dword(x.sums[t] + 2 * kUnit);
    const __m256i zero = _mm256_madd_epi16(sums, _mm256_set1_epi32(kZero));
    const __m256 sum = _mm256_cvtepi32_ps(_mm256_add_epi32(dots[t], zero));
    part[t] = _mm256_fmadd_ps(sum, scale, part[t]);
  }
}

// Units of Q6_K from kUnit to the end of its 128 k.
template <int T, int kUnit>
[[gnu::always_inline]] inline void add_q6_units(const uint8_t* tile, const Tokens<T>& x,
                                                __m256 (*part)[T]) {
  prefetch_unit<Format::kQ6_K>(tile, kUnit);
  for (int half = first_half(); half < 2; ++half) {
    add_q6_sub_block<T, kUnit, 0>(tile, half, x, part[half]);
    add_q6_sub_block<T, kUnit, 1>(tile, half, x, part[half]);
  }
  if constexpr (kUnit % 4 != 3) add_q6_units<T, kUnit + 1>(tile, x, part);
}

// The eight sub-blocks of 16 in 128 k of Q6_K.
template <int T, int kPart>
[[gnu::always_inline]] inline void add_q6_part(const uint8_t* tile, const Tokens<T>& x,
                                               __m256 (*acc)[T]) {
  __m256 part[2][T];
#pragma GCC unroll 4
  for (int t = 0; t < T; ++t) part[0][t] = part[1][t] = _mm256_setzero_ps();
  add_q6_units<T, 4 * kPart>(tile, x, part);
#pragma GCC unroll 4
  for (int t = 0; t < T; ++t) {
    const __m256 x_scale = _mm256_broadcast_ss(x.scales[t] + kPart);
    acc[0][t] = _mm256_fmadd_ps(part[0][t], x_scale, acc[0][t]);
    acc[1][t] = _mm256_fmadd_ps(part[1][t], x_scale, acc[1][t]);
  }
}

template <Format F, int T>
[[gnu::always_inline]] inline void add_tile(const uint8_t* tile, const Tokens<T>& x,
                                            __m256 (*acc)[T]) {
  if constexpr (code_layout(F).units == 1) {
    prefetch_unit<F>(tile, 0);
    add_block<F, T>(tile, 0, x, acc[0]);
    add_block<F, T>(tile, 1, x, acc[1]);
  } else if constexpr (T == 1) {
    add_tile_of_one<F>(tile, x, acc);
  } else if constexpr (F == Format::kQ6_K) {
    add_q6_part<T, 0>(tile, x, acc);
    add_q6_part<T, 1>(tile, x, acc);
  } else {
    add_k_part<F, T, 0>(tile, x, acc);
    add_k_part<F, T, 1>(tile, x, acc);
  }
}

// 16 rows and T tokens over all k. Not inlined: registers are short as it is.
template <Format F, int T>
[[gnu::noinline]] void matmul_group(const uint8_t* tile, int64_t k, Tokens<T> x,
                                    const OutTile& out) {
  constexpr CodeLayout kLayout = code_layout(F);
  constexpr int kElements = 32 * kLayout.units;
  __m256 acc[2][T];
#pragma GCC unroll 4
  for (int t = 0; t < T; ++t) acc[0][t] = acc[1][t] = _mm256_setzero_ps();
  for (int64_t i = 0; i < k; i += kElements) {
    add_tile<F, T>(tile, x, acc);
    tile += kLayout.tile_bytes;
    x.advance(kElements, x_group_of(F));
  }
#pragma GCC unroll 4
  for (int t = 0; t < T; ++t) {
    out.store(t, 0, acc[0][t]);
    out.store(t, 1, acc[1][t]);
  }
}

template <Format F, int T>
void matmul_direct_of(const MatmulArgs& args) {
  constexpr CodeLayout kLayout = code_layout(F);
  const uint8_t* group = static_cast<const uint8_t*>(args.weights);
  const int64_t group_bytes = args.k / (32 * kLayout.units) * kLayout.tile_bytes;
  const Tokens<T> x = tokens_at<T>(args.x, 0, 0, x_group_of(F));
  for (int64_t row = 0; row < args.n_rows; row += kGroupRows) {
    matmul_group<F, T>(group, args.k, x, out_tile(args, row, 0, true));
    group += group_bytes;
  }
}

template <Format F>
void matmul_direct_as(const MatmulArgs& args) {
  if (args.n_tokens == 1) return matmul_direct_of<F, 1>(args);
  if (args.n_tokens == 2) return matmul_direct_of<F, 2>(args);
  matmul_direct_of<F, 3>(args);
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
