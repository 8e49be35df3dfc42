// Products for a few tokens: weights are decoded in registers and met by up to eight tokens at
// once, so that with one token the speed is that of memory. 16 rows and all of k at a time; a row
// is a lane, a token has one accumulator.
#include "kernels/avx512/avx512_integer.hpp"
#include "kernels/avx512/avx512_tiles.hpp"
#include "kernels/generic/integer_formats.hpp"

namespace minnow::avx512 {
namespace {

using generic::IntegerRule;
using generic::unrolled;
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
  void advance(int k, int x_group) {
    codes += k;
    scales += k / x_group;
    sums += k / 16;
  }
};

// sums[token] = sum over codes<J, First>() ... of (code - zero) * activation, exactly. Half says
// which half of 32 weights it is, or 2 for both.
template <int T, int J, int Half, class TileType>
[[gnu::always_inline]] inline void dot(const TileType& tile, const TokenRows& x, __m512i* sums) {
  constexpr int kFirst = Half == 1 ? 4 : 0;
  constexpr int kCount = Half == 2 ? 8 : 4;
  constexpr int kLow = Half == 1 ? 0 : -TileType::kZero;
  constexpr int kHigh = Half == 0 ? 0 : -TileType::kZero;
  unrolled<T>([&](auto token) __attribute__((always_inline)) {
    sums[token] = _mm512_setzero_si512();
    if constexpr (TileType::kZero != 0) {
      const __m512i zeros = _mm512_set1_epi32(kHigh * 65536 + (kLow & 0xffff));
      sums[token] = _mm512_dpwssd_epi32(sums[token], zeros, x.sums_at(token, 32 * J));
    }
  });
  unrolled<kCount>([&](auto i) __attribute__((always_inline)) {
    const __m512i codes = tile.template codes<J, kFirst + i.kValue>();
    unrolled<T>([&](auto token) __attribute__((always_inline)) {
      const __m512i activations = x.codes_at(token, 32 * J + 4 * (kFirst + i.kValue));
      sums[token] = _mm512_dpbusd_epi32(sums[token], codes, activations);
    });
  });
}

// One tile of a format with 32 weights and 32 activations under a scale.
template <Format F, int T>
[[gnu::always_inline]] inline void add_block(const uint8_t* bytes, const TokenRows& x,
                                             __m512* acc) {
  const Tile<F> tile{{bytes}};
  __m512i sums[T];
  dot<T, 0, 2>(tile, x, sums);
  const __m512 scale = tile.template scale<0>();
  unrolled<T>([&](auto token) __attribute__((always_inline)) {
    const __m512 x_scale = x.scale(token, 0);
    const __m512 product = _mm512_mul_ps(scale, x_scale);
    acc[token] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums[token]), product, acc[token]);
    if constexpr (generic::integer_rule(F).mins == Mins::kBlock) {
      const __m512i ones = _mm512_set1_epi16(1);
      const __m512i sum = _mm512_madd_epi16(x.sums_at(token, 0), ones);
      const __m512 offset = _mm512_mul_ps(tile.offset(), x_scale);
      acc[token] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), offset, acc[token]);
    }
  });
}

// The 128 weights of group H (0 or 1) in a tile of 256.
template <Format F, int T, int H>
[[gnu::always_inline]] inline void add_group_of_128(const Tile<F>& tile, const TokenRows& x,
                                                    __m512* acc) {
  constexpr IntegerRule kRule = generic::integer_rule(F);
  __m512 parts[T];
  unrolled<T>([&](auto token)
                  __attribute__((always_inline)) { parts[token] = _mm512_setzero_ps(); });
  unrolled<128 / kRule.sub>([&](auto i) __attribute__((always_inline)) {
    constexpr int kSub = H * (128 / kRule.sub) + i.kValue;
    constexpr int kHalf = kRule.sub == 32 ? 2 : kSub % 2;
    __m512i sums[T];
    dot<T, kSub * kRule.sub / 32, kHalf>(tile, x, sums);
    const __m512 scale = tile.template scale<kSub>();
    unrolled<T>([&](auto token) __attribute__((always_inline)) {
      parts[token] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums[token]), scale, parts[token]);
    });
  });
  unrolled<T>([&](auto token) __attribute__((always_inline)) {
    if constexpr (kRule.mins == Mins::kInteger) {
      __m512i min_sum = _mm512_setzero_si512();
      unrolled<4>([&](auto i) __attribute__((always_inline)) {
        const __m512i mins = tile.template mins<4 * H + i.kValue>();
        min_sum = _mm512_dpwssd_epi32(min_sum, mins, x.sums_at(token, 32 * (4 * H + i.kValue)));
      });
      parts[token] = _mm512_fnmadd_ps(_mm512_cvtepi32_ps(min_sum), tile.dmin(), parts[token]);
    }
    acc[token] = _mm512_fmadd_ps(parts[token], x.scale(token, H), acc[token]);
  });
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
  unrolled<T>([&](auto token) __attribute__((always_inline)) { acc[token] = _mm512_setzero_ps(); });
  for (int64_t k = 0; k < args.k; k += kInfo.elements) {
    if constexpr (kAhead > 0) {
      for (int line = 0; line < kInfo.block_bytes * kGroupRows; line += 64) {
        _mm_prefetch(bytes + kAhead + line, _MM_HINT_T0);
      }
    }
    if constexpr (kInfo.elements == 32) {
      add_block<F, T>(bytes, x, acc);
    } else {
      const Tile<F> tile{{bytes}};
      add_group_of_128<F, T, 0>(tile, x, acc);
      add_group_of_128<F, T, 1>(tile, x, acc);
    }
    x.advance(kInfo.elements, kInfo.x_group);
    bytes += kInfo.block_bytes * kGroupRows;
  }
  const int64_t rest = args.n_rows - row;
  const auto mask = static_cast<__mmask16>(rest >= 16 ? 0xffff : (1 << rest) - 1);
  float* const out = args.out + first_token * args.out_stride + row;
  unrolled<T>([&](auto token) __attribute__((always_inline)) {
    _mm512_mask_storeu_ps(out + token * args.out_stride, mask, acc[token]);
  });
}

// Tokens that meet a row group together, at most: more do not fit the registers.
template <Format F>
constexpr int kTurnTokens = format_info(F).elements == 32 ? 8 : 6;

template <Format F, int T = kTurnTokens<F>>
[[gnu::always_inline]] inline void matmul_tokens(const MatmulArgs& args, int64_t row, int64_t token,
                                                 int64_t n_tokens) {
  if constexpr (T > 0) {
    if (n_tokens == T) return matmul_group<F, T>(args, row, token);
    matmul_tokens<F, T - 1>(args, row, token, n_tokens);
  }
}

// More tokens take turns of nearly equal sizes, while the row group is still in the cache.
template <Format F>
void matmul_rows(const MatmulArgs& args) {
  constexpr int kTurn = kTurnTokens<F>;
  for (int64_t row = 0; row < args.n_rows; row += kGroupRows) {
    int64_t token = 0;
    for (int64_t n_turns = (args.n_tokens + kTurn - 1) / kTurn; n_turns > 0; --n_turns) {
      const int64_t n_tokens = (args.n_tokens - token + n_turns - 1) / n_turns;
      matmul_tokens<F>(args, row, token, n_tokens);
      token += n_tokens;
    }
  }
}

}  // namespace

void matmul_direct(Format format, const MatmulArgs& args) {
  generic::visit_integer_tiles(
      format, [&](auto constant) { matmul_rows<decltype(constant)::kValue>(args); });
}

}  // namespace minnow::avx512
