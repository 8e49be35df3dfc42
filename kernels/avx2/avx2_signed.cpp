// Products of 8-bit weights: Q8_0 straight from its tiles, and groups of rows that src/format has
// decoded to codes.
//
// vpmaddubsw wants one unsigned factor: |w| is one, and the token's codes take the sign of w. This
// is exact for all weights, as |w| = 128 fits and no token's code is -128. A sum of two products
// fills 16 bits, so each is widened by vpmaddwd at once:
//   sums32 += vpmaddwd(vpmaddubsw(|w|, vpsignb(q, w)), 1)
// 16 rows x 4 tokens keep 8 sums in registers and share each load of weights and of tokens. The
// other exact ways were slower or no faster (16x4 tile, in L1): nibble planes need 16 vpmaddubsw a
// block, and codes widened to 16 bits reach 0.089 against 0.086 TMAC/s but need a panel.
#include "kernels/avx2/avx2_codes.hpp"
#include "kernels/avx2/avx2_integer.hpp"
#include "kernels/avx2/avx2_tokens.hpp"
#include "kernels/generic/integer_formats.hpp"

namespace minnow::avx2 {
namespace {

using generic::IntegerRule;
using std::int64_t;
using std::uint8_t;

// dots[half][t] = products of 4 * kCount k from piece kFirst on. codes: pieces of 16 rows.
template <int T, int kFirst, int kCount>
[[gnu::always_inline]] inline void dot(const uint8_t* codes, const Tokens<T>& x,
                                       __m256i (*dots)[T]) {
  const __m256i ones = _mm256_set1_epi16(1);
#pragma GCC unroll 8
  for (int g = kFirst; g < kFirst + kCount; ++g) {
    const __m256i upper = load_bytes(codes + kPieceBytes * g);
    const __m256i lower = load_bytes(codes + kPieceBytes * g + kHalfBytes);
    const __m256i upper_size = _mm256_abs_epi8(upper);
    const __m256i lower_size = _mm256_abs_epi8(lower);
#pragma GCC unroll 4
    for (int t = 0; t < T; ++t) {
      const __m256i q = broadcast_dword(x.codes[t] + 4 * g);
      const __m256i first = _mm256_maddubs_epi16(upper_size, _mm256_sign_epi8(q, upper));
      const __m256i second = _mm256_maddubs_epi16(lower_size, _mm256_sign_epi8(q, lower));
      const __m256i wide[2] = {_mm256_madd_epi16(first, ones), _mm256_madd_epi16(second, ones)};
#pragma GCC unroll 2
      for (int half = 0; half < 2; ++half) {
        dots[half][t] = g == kFirst ? wide[half] : _mm256_add_epi32(dots[half][t], wide[half]);
        keep_order(dots[half][t]);
      }
    }
  }
}

constexpr int kTileBytes = 544;  // of Q8_0

// 16 rows and T tokens over n_blocks tiles of Q8_0. prefetches: the tiles come from memory.
// (Inlined into loops over tokens, the compiler keeps too little in registers.)
template <int T>
[[gnu::noinline]] void matmul_q8_0_q8_16(const uint8_t* tile, int64_t n_blocks, Tokens<T> x,
                                         const OutTile& out, bool prefetches) {
  __m256 acc[2][T];
#pragma GCC unroll 4
  for (int t = 0; t < T; ++t) {
    acc[0][t] = out.load(t, 0);
    acc[1][t] = out.load(t, 1);
  }
  for (int64_t block = 0; block < n_blocks; ++block) {
    __m256i dots[2][T];
    if (prefetches) prefetch(tile, kTileBytes);
    dot<T, 0, 8>(tile + 2 * kGroupRows, x, dots);
#pragma GCC unroll 2
    for (int half = 0; half < 2; ++half) {
      const __m256 scale = field_of(tile, half, 0);
#pragma GCC unroll 4
      for (int t = 0; t < T; ++t) {
        const __m256 both = _mm256_mul_ps(scale, _mm256_broadcast_ss(x.scales[t]));
        acc[half][t] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dots[half][t]), both, acc[half][t]);
      }
    }
    tile += kTileBytes;
    x.advance(32, 32);
  }
#pragma GCC unroll 4
  for (int t = 0; t < T; ++t) {
    out.store(t, 0, acc[0][t]);
    out.store(t, 1, acc[1][t]);
  }
}

// The parts of a CodeGroup, moving along k.
struct GroupParts {
  const uint8_t* codes;
  const float* scales;
  const uint8_t* mins;
};

// Sums of minimums and codes for 32 k of one half: a pair is the minimums of the first and the
// second 16 k, which are one in formats with sub-blocks of 32.
[[gnu::always_inline]] inline __m256i min_pairs(const uint8_t* mins, int sub) {
  const __m256i first = _mm256_cvtepu8_epi32(_mm_loadu_si64(mins));
  const __m256i second =
      sub == 32 ? first : _mm256_cvtepu8_epi32(_mm_loadu_si64(mins + kGroupRows));
  return _mm256_or_si256(first, _mm256_slli_epi32(second, 16));
}

// 32 k in one scale of the activations: acc += products * (scale * x_scale).
template <int T>
[[gnu::always_inline]] inline void add_scaled(const __m256i (*dots)[T], const float* scales,
                                              const Tokens<T>& x, __m256 (*acc)[T]) {
#pragma GCC unroll 2
  for (int half = 0; half < 2; ++half) {
    const __m256 scale = _mm256_loadu_ps(scales + 8 * half);
#pragma GCC unroll 4
    for (int t = 0; t < T; ++t) {
      const __m256 both = _mm256_mul_ps(scale, _mm256_broadcast_ss(x.scales[t]));
      acc[half][t] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dots[half][t]), both, acc[half][t]);
    }
  }
}

template <int T>
[[gnu::always_inline]] inline void add_part(const __m256i (*dots)[T], const float* scales,
                                            __m256 (*part)[T]) {
#pragma GCC unroll 2
  for (int half = 0; half < 2; ++half) {
    const __m256 scale = _mm256_loadu_ps(scales + 8 * half);
#pragma GCC unroll 4
    for (int t = 0; t < T; ++t) {
      part[half][t] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dots[half][t]), scale, part[half][t]);
    }
  }
}

// Calls add(dots, scales) for the sub-blocks of the next 32 k, and moves on.
template <int T, class Add>
[[gnu::always_inline]] inline void for_sub_blocks(const IntegerRule& rule, GroupParts& w,
                                                  const Tokens<T>& x, const Add& add) {
  __m256i dots[2][T];
  if (rule.sub == 32) {
    dot<T, 0, 8>(w.codes, x, dots);
    add(dots, w.scales);
  } else {
    dot<T, 0, 4>(w.codes, x, dots);
    add(dots, w.scales);
    dot<T, 4, 4>(w.codes, x, dots);
    add(dots, w.scales + kGroupRows);
  }
  w.codes += 8 * kPieceBytes;
  w.scales += 32 / rule.sub * kGroupRows;
}

// 128 k in one scale of the activations.
template <int T>
[[gnu::always_inline]] inline void add_group_of_128(const IntegerRule& rule, GroupParts& w,
                                                    const float* dmin, Tokens<T>& x,
                                                    __m256 (*acc)[T]) {
  __m256 part[2][T];
  __m256i min_sums[2][T];
#pragma GCC unroll 4
  for (int t = 0; t < T; ++t) {
    part[0][t] = part[1][t] = _mm256_setzero_ps();
    min_sums[0][t] = min_sums[1][t] = _mm256_setzero_si256();
  }
  const Tokens<T> start = x;
  for (int unit = 0; unit < 4; ++unit) {
    for_sub_blocks<T>(rule, w, x, [&](const __m256i(*dots)[T], const float* scales) {
      add_part<T>(dots, scales, part);
    });
    if (rule.mins == Mins::kInteger) {
#pragma GCC unroll 2
      for (int half = 0; half < 2; ++half) {
        const __m256i pairs = min_pairs(w.mins + 8 * half, rule.sub);
#pragma GCC unroll 4
        for (int t = 0; t < T; ++t) {
          const __m256i product = _mm256_madd_epi16(pairs, broadcast_dword(x.sums[t]));
          min_sums[half][t] = _mm256_add_epi32(min_sums[half][t], product);
        }
      }
      w.mins += 32 / rule.sub * kGroupRows;
    }
    x.advance(32, 128);
  }
#pragma GCC unroll 2
  for (int half = 0; half < 2; ++half) {
#pragma GCC unroll 4
    for (int t = 0; t < T; ++t) {
      if (rule.mins == Mins::kInteger) {
        const __m256 min = _mm256_loadu_ps(dmin + 8 * half);
        const __m256 sum = _mm256_cvtepi32_ps(min_sums[half][t]);
        part[half][t] = _mm256_fnmadd_ps(sum, min, part[half][t]);
      }
      const __m256 x_scale = _mm256_broadcast_ss(start.scales[t]);
      acc[half][t] = _mm256_fmadd_ps(part[half][t], x_scale, acc[half][t]);
    }
  }
#pragma GCC unroll 4
  for (int t = 0; t < T; ++t) x.scales[t] = start.scales[t] + 1;
}

template <int T>
void matmul_codes_q8_16(const CodeGroup& group, const IntegerRule& rule, int64_t k, Tokens<T> x,
                        const OutTile& out) {
  GroupParts w = {reinterpret_cast<const uint8_t*>(group.codes), group.scales, group.mins};
  __m256 acc[2][T];
#pragma GCC unroll 4
  for (int t = 0; t < T; ++t) acc[0][t] = acc[1][t] = _mm256_setzero_ps();
  if (rule.x_group == 32) {
    for (int64_t i = 0; i < k; i += 32) {
      for_sub_blocks<T>(rule, w, x, [&](const __m256i(*dots)[T], const float* scales) {
        add_scaled<T>(dots, scales, x, acc);
      });
      x.advance(32, 32);
    }
  } else {
    for (int64_t i = 0; i < k; i += 128) {
      add_group_of_128<T>(
          rule, w, group.dmin == nullptr ? nullptr : group.dmin + i / 256 * kGroupRows, x, acc);
    }
  }
#pragma GCC unroll 4
  for (int t = 0; t < T; ++t) {
    out.store(t, 0, acc[0][t]);
    out.store(t, 1, acc[1][t]);
  }
}

}  // namespace

void matmul_signed_q8_0(const MatmulArgs& all) {
  // k of 16 rows that stay in the first cache while many tokens meet them.
  constexpr int64_t kManyTokens = 4;
  constexpr int64_t kPanelK = 1024;
  const int64_t panel = all.n_tokens <= kManyTokens ? all.k : kPanelK;
  for_token_stretches(all, [&](const MatmulArgs& args) {
    const uint8_t* tiles = static_cast<const uint8_t*>(args.weights);
    for (int64_t row = 0; row < args.n_rows; row += kGroupRows) {
      for (int64_t k = 0; k < args.k; k += panel) {
        const int64_t n_blocks = (args.k - k < panel ? args.k - k : panel) / 32;
        for_token_tiles(args.n_tokens, [&](auto count, int64_t token) {
          constexpr int kTokens = decltype(count)::kValue;
          const Tokens<kTokens> x = tokens_at<kTokens>(args.x, token, k, 32);
          const OutTile out = out_tile(args, row, token, k == 0);
          matmul_q8_0_q8_16<kTokens>(tiles, n_blocks, x, out, token == 0);
        });
        tiles += n_blocks * kTileBytes;
      }
    }
  });
}

void matmul_codes(const CodeGroup& group, const MatmulArgs& args, void* /*scratch*/) {
  const IntegerRule rule = generic::integer_rule(group.format);
  for_token_tiles(args.n_tokens, [&](auto count, int64_t token) {
    constexpr int kTokens = decltype(count)::kValue;
    const Tokens<kTokens> x = tokens_at<kTokens>(args.x, token, 0, rule.x_group);
    matmul_codes_q8_16<kTokens>(group, rule, args.k, x, out_tile(args, 0, token, true));
  });
}

}  // namespace minnow::avx2
