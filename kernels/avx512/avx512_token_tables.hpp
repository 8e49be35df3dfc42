// What the tokens of a register tile bring to 512 k of weights besides their codes, as the tiles
// want it: sums and scales, 32 bits each, at constant distances. Everything is in an anonymous
// namespace.
#pragma once

#include <cstdint>

#include "kernels/api/kernel_table.hpp"
#include "kernels/avx512/avx512_intrinsics.hpp"

namespace minnow::avx512 {
namespace {

using std::int16_t;
using std::int32_t;
using std::int64_t;
using std::int8_t;
using std::uint8_t;

constexpr int kTableK = 512;  // a token's sums of 16 activations are one vector
constexpr int kTableTokens = 6;

// Some tokens, at least one, in turns of nearly equal sizes, of at most `most`.
struct Turns {
  int64_t n_turns;
  int64_t least;
  int64_t n_larger;  // turns with one token more; they come first

  Turns(int64_t n_tokens, int most)
      : n_turns((n_tokens + most - 1) / most),
        least(n_tokens / n_turns),
        n_larger(n_tokens % n_turns) {}
  int size(int64_t turn) const { return static_cast<int>(least + (turn < n_larger ? 1 : 0)); }
};

struct alignas(64) TileTables {
  // Where the integer dot of a sub-block starts: -zero * the sum of its activations' codes.
  int32_t starts[kTableTokens][kTableK / 16];  // [token][k / sub]
  // Mins::kBlock: the sum of 32 codes as a float, [token][k / 32]. Mins::kInteger: the sums of two
  // sub-blocks in the halves of a lane, [token][k / sub / 2].
  int32_t extra[kTableTokens][kTableK / 32];
  float scales[kTableTokens][kTableK / 32];  // [token][k / x_group]
};

// The codes of a tile's tokens from some k on.
struct TokenCodes {
  const int8_t* codes;  // [T][k], stride apart
  int64_t stride;
};

// Six addresses in two registers and a stride. The empty asm keeps the compiler from having one
// register for each token, which it does not have.
struct TokenPointers {
  const int8_t* low;
  const int8_t* high;
  int64_t stride;

  [[gnu::always_inline]] explicit TokenPointers(const TokenCodes& x)
      : low(x.codes), high(x.codes + 3 * x.stride), stride(x.stride) {}
  [[gnu::always_inline]] const int8_t* token(int t) const {
    return t < 3 ? low + t * stride : high + (t - 3) * stride;
  }
  [[gnu::always_inline]] void advance(int k) {
    low += k;
    high += k;
    __asm__("" : "+r"(low), "+r"(high));
  }
};

// What products must know of a format, so that formats share code: HasZero says whether a code's
// zero point is not 0.
template <int XGroup, int Sub, Mins M, bool HasZero>
struct TileRule {
  static constexpr int kXGroup = XGroup;
  static constexpr int kSub = Sub;
  static constexpr Mins kMins = M;
  static constexpr bool kHasZero = HasZero;
};

// A token's entries, from its sums of 16 codes of which `mask` exist; zero: the codes' zero point.
template <class Rule>
[[gnu::always_inline]] inline void prepare_sums(const int16_t* sums_of_16, __mmask32 mask, int zero,
                                                int32_t* starts, int32_t* extra) {
  const __m512i sums = _mm512_maskz_loadu_epi16(mask, sums_of_16);
  if constexpr (Rule::kHasZero && Rule::kSub == 32) {
    const auto factor = static_cast<int16_t>(-zero);
    _mm512_store_si512(starts, _mm512_madd_epi16(sums, _mm512_set1_epi16(factor)));
  }
  if constexpr (Rule::kHasZero && Rule::kSub == 16) {
    const __m512i factor = _mm512_set1_epi32(-zero & 0xffff);  // times the low half only
    const __m256i low = _mm512_castsi512_si256(sums);
    const __m256i high = _mm512_extracti64x4_epi64(sums, 1);
    _mm512_store_si512(starts, _mm512_madd_epi16(_mm512_cvtepu16_epi32(low), factor));
    _mm512_store_si512(starts + 16, _mm512_madd_epi16(_mm512_cvtepu16_epi32(high), factor));
  }
  const __m512i of_32 = _mm512_madd_epi16(sums, _mm512_set1_epi16(1));
  if constexpr (Rule::kMins == Mins::kBlock) {
    _mm512_store_si512(extra, _mm512_castps_si512(_mm512_cvtepi32_ps(of_32)));
  }
  if constexpr (Rule::kMins == Mins::kInteger && Rule::kSub == 32) {
    void* const address = extra;
    _mm256_store_si256(static_cast<__m256i*>(address), _mm512_cvtepi32_epi16(of_32));
  }
  if constexpr (Rule::kMins == Mins::kInteger && Rule::kSub == 16) _mm512_store_si512(extra, sums);
}

// The tables of n_tokens tokens from `token` on, k in [start, start + n_k).
template <class Rule>
[[gnu::always_inline]] inline void prepare_tables(const QuantRows& x, int64_t token, int n_tokens,
                                                  int64_t start, int n_k, int zero,
                                                  TileTables& tables) {
  const auto sums_mask = static_cast<__mmask32>((std::uint64_t{1} << (n_k / 16)) - 1);
  const auto scales_mask = static_cast<__mmask16>((1 << (n_k / Rule::kXGroup)) - 1);
  const float* scales = x.scales + token * x.scales_stride + start / Rule::kXGroup;
  const int16_t* sums = x.sums + token * x.sums_stride + start / 16;
#pragma GCC unroll 8
  for (int t = 0; t < n_tokens; ++t) {
    _mm512_store_ps(tables.scales[t], _mm512_maskz_loadu_ps(scales_mask, scales));
    prepare_sums<Rule>(sums, sums_mask, zero, tables.starts[t], tables.extra[t]);
    scales += x.scales_stride;
    sums += x.sums_stride;
  }
}

}  // namespace
}  // namespace minnow::avx512
