// Products for a few tokens: 32 rows are decoded in registers and met by up to six tokens at once.
//
// Two row groups share every broadcast of activations, which loads bound otherwise; decoding runs
// on the ports that vpdpbusd leaves free. A row is a lane, a token has an accumulator in each
// group. An odd last group is computed twice and stored once.
#include "kernels/avx512/avx512_integer.hpp"
#include "kernels/avx512/avx512_tiles.hpp"
#include "kernels/avx512/avx512_token_tables.hpp"
#include "kernels/generic/integer_formats.hpp"

namespace minnow::avx512 {
namespace {

using generic::IntegerRule;

constexpr int kTurnTokens = 6;
static_assert(kTurnTokens <= kTableTokens);

template <Format F>
using RuleOf = TileRule<generic::integer_rule(F).x_group, generic::integer_rule(F).sub,
                        generic::integer_rule(F).mins, Tile<F>::kZero != 0>;

template <Format F>
struct TilePair {
  Tile<F> tile[2];
};

// Part j (32 k) of a tile of 256, whose codes are the upper nibbles or the lower ones; a tile of 32
// is its only part.
template <int G, bool Upper, Format F>
[[gnu::always_inline]] inline __m512i codes_of(const Tile<F>& tile, int j) {
  if constexpr (format_info(F).elements == 32) {
    return tile.template codes<G>(0);
  } else {
    return tile.template codes_of<G, Upper>(j);
  }
}

// The products of vectors G...End - 1 of part j; `x` stands at the part's first k.
template <bool Upper, int G, int End, Format F, int T>
[[gnu::always_inline]] inline void add_products(const TilePair<F>& pair, int j,
                                                const TokenPointers& x, __m512i (&sums)[2][T]) {
  if constexpr (G < End) {
    const __m512i first = codes_of<G, Upper>(pair.tile[0], j);
    const __m512i second = codes_of<G, Upper>(pair.tile[1], j);
#pragma GCC unroll 8
    for (int t = 0; t < T; ++t) {
      const __m512i q = broadcast_4_bytes(x.token(t) + 4 * G);
      sums[0][t] = _mm512_dpbusd_epi32(sums[0][t], first, q);
      sums[1][t] = _mm512_dpbusd_epi32(sums[1][t], second, q);
    }
    add_products<Upper, G + 1, End>(pair, j, x, sums);
  }
}

// Integer sums of vectors First...End - 1 of part j, which are sub-block `index` of the tables.
template <bool Upper, int First, int End, Format F, int T>
[[gnu::always_inline]] inline void dot(const TilePair<F>& pair, int j, int index,
                                       const TileTables& tables, const TokenPointers& x,
                                       __m512i (&sums)[2][T]) {
#pragma GCC unroll 8
  for (int t = 0; t < T; ++t) {
    __m512i start = _mm512_setzero_si512();
    if constexpr (Tile<F>::kZero != 0) start = _mm512_set1_epi32(tables.starts[t][index]);
    sums[0][t] = start;
    sums[1][t] = start;
  }
  add_products<Upper, First, End>(pair, j, x, sums);
}

// One tile of a format with 32 weights and 32 activations under a scale; `block` of the tables.
template <Format F, int T>
[[gnu::always_inline]] inline void add_block(const TilePair<F>& pair, int block,
                                             const TileTables& tables, const TokenPointers& x,
                                             __m512 (&acc)[2][T]) {
  __m512i sums[2][T];
  dot<false, 0, 8>(pair, 0, block, tables, x, sums);
#pragma GCC unroll 2
  for (int r = 0; r < 2; ++r) {
    const __m512 scale = pair.tile[r].scale(0);
#pragma GCC unroll 8
    for (int t = 0; t < T; ++t) {
      const __m512 product = _mm512_mul_ps(scale, _mm512_set1_ps(tables.scales[t][block]));
      acc[r][t] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums[r][t]), product, acc[r][t]);
    }
    if constexpr (generic::integer_rule(F).mins == Mins::kBlock) {
      const __m512 offset = pair.tile[r].offset();
#pragma GCC unroll 8
      for (int t = 0; t < T; ++t) {
        const __m512 product = _mm512_mul_ps(offset, _mm512_set1_ps(tables.scales[t][block]));
        const __m512 x_sum = _mm512_castsi512_ps(_mm512_set1_epi32(tables.extra[t][block]));
        acc[r][t] = _mm512_fmadd_ps(x_sum, product, acc[r][t]);
      }
    }
  }
}

// What is prefetched while a turn computes: its part of the next two row groups. Only the first
// turn reads its weights from memory, which would have nothing to do during the others.
struct Ahead {
  const uint8_t* bytes;
  int64_t step;  // for 32 k

  [[gnu::always_inline]] void prefetch_step() {
    for (int64_t line = 0; line < step; line += 64) _mm_prefetch(bytes + line, _MM_HINT_T0);
    bytes += step;
  }
};

// parts += the products of vectors First...End - 1 of part j, sub-block s of the tile.
template <bool Upper, int First, int End, Format F, int T>
[[gnu::always_inline]] inline void add_sub_block(const TilePair<F>& pair, int j, int s, int index,
                                                 const TileTables& tables, const TokenPointers& x,
                                                 __m512 (&parts)[2][T]) {
  __m512i sums[2][T];
  dot<Upper, First, End>(pair, j, index, tables, x, sums);
#pragma GCC unroll 2
  for (int r = 0; r < 2; ++r) {
    const __m512 scale = pair.tile[r].scale(s);
#pragma GCC unroll 8
    for (int t = 0; t < T; ++t) {
      parts[r][t] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums[r][t]), scale, parts[r][t]);
    }
  }
}

// Part j of the tile, with `first` the sub-block of the tables where the tile begins; `x` moves on.
template <bool Upper, Format F, int T>
[[gnu::always_inline]] inline void add_part(const TilePair<F>& pair, int j, int first,
                                            const TileTables& tables, TokenPointers& x,
                                            Ahead& ahead, __m512 (&parts)[2][T]) {
  ahead.prefetch_step();
  if constexpr (generic::integer_rule(F).sub == 32) {
    add_sub_block<Upper, 0, 8>(pair, j, j, first + j, tables, x, parts);
  } else {
    add_sub_block<Upper, 0, 4>(pair, j, 2 * j, first + 2 * j, tables, x, parts);
    add_sub_block<Upper, 4, 8>(pair, j, 2 * j + 1, first + 2 * j + 1, tables, x, parts);
  }
  x.advance(32);
}

// The four parts of group h. Which nibbles a part's codes are is written into the code, the rest is
// a loop: written out four times, the code was twice as long and no faster.
template <Format F, int T>
[[gnu::always_inline]] inline void add_parts(const TilePair<F>& pair, int h, int first,
                                             const TileTables& tables, TokenPointers& x,
                                             Ahead& ahead, __m512 (&parts)[2][T]) {
  if constexpr (Tile<F>::kNibblesAlternate) {
#pragma GCC unroll 1
    for (int j = 4 * h; j < 4 * h + 4; j += 2) {
      add_part<false>(pair, j, first, tables, x, ahead, parts);
      add_part<true>(pair, j + 1, first, tables, x, ahead, parts);
    }
  } else {
#pragma GCC unroll 1
    for (int j = 4 * h; j < 4 * h + 2; ++j)
      add_part<false>(pair, j, first, tables, x, ahead, parts);
#pragma GCC unroll 1
    for (int j = 4 * h + 2; j < 4 * h + 4; ++j)
      add_part<true>(pair, j, first, tables, x, ahead, parts);
  }
}

// Mins::kInteger, sub-blocks of 32: the minimums of group h (0 or 1) of the tiles, `group` of the
// tables.
template <Format F, int T>
[[gnu::always_inline]] inline void subtract_mins(const TilePair<F>& pair, int h, int group,
                                                 const TileTables& tables, __m512 (&parts)[2][T]) {
#pragma GCC unroll 2
  for (int r = 0; r < 2; ++r) {
    const __m512i first = pair.tile[r].min_pair(4 * h);
    const __m512i second = pair.tile[r].min_pair(4 * h + 2);
    const __m512 dmin = pair.tile[r].dmin();
#pragma GCC unroll 8
    for (int t = 0; t < T; ++t) {
      const int32_t* const x_sums = tables.extra[t] + 2 * group;
      __m512i sum = _mm512_setzero_si512();
      sum = _mm512_dpwssd_epi32(sum, first, _mm512_set1_epi32(x_sums[0]));
      sum = _mm512_dpwssd_epi32(sum, second, _mm512_set1_epi32(x_sums[1]));
      parts[r][t] = _mm512_fnmadd_ps(_mm512_cvtepi32_ps(sum), dmin, parts[r][t]);
    }
  }
}

// The 128 weights of group h in tile i of 256; `x` moves on by 128 k.
template <Format F, int T>
[[gnu::always_inline]] inline void add_group_of_128(const TilePair<F>& pair, int h, int i,
                                                    const TileTables& tables, TokenPointers& x,
                                                    Ahead& ahead, float* acc) {
  constexpr IntegerRule kRule = generic::integer_rule(F);
  const int group = 2 * i + h;  // of the tables
  __m512 parts[2][T];
#pragma GCC unroll 8
  for (int t = 0; t < T; ++t) parts[0][t] = parts[1][t] = _mm512_setzero_ps();
  add_parts(pair, h, 256 / kRule.sub * i, tables, x, ahead, parts);
  if constexpr (kRule.mins == Mins::kInteger) subtract_mins<F, T>(pair, h, group, tables, parts);
#pragma GCC unroll 8
  for (int t = 0; t < T; ++t) {
    const __m512 x_scale = _mm512_set1_ps(tables.scales[t][group]);
#pragma GCC unroll 2
    for (int r = 0; r < 2; ++r) {
      float* const at = acc + 16 * (2 * t + r);
      _mm512_store_ps(at, _mm512_fmadd_ps(parts[r][t], x_scale, _mm512_load_ps(at)));
    }
  }
}

// Two row groups and where their results go.
struct Rows {
  const uint8_t* bytes[2];
  float* out;  // [T][32 rows], out_stride apart
  int64_t out_stride;
  __mmask16 mask[2];
};

template <Format F>
[[gnu::always_inline]] inline void advance(TilePair<F>& pair) {
  pair.tile[0].tile += format_info(F).block_bytes * kGroupRows;
  pair.tile[1].tile += format_info(F).block_bytes * kGroupRows;
}

// tables: one for every kTableK of k.
template <Format F, int T>
void multiply_pair(const Rows& rows, const TokenCodes& codes, int64_t k, const TileTables* tables,
                   Ahead ahead) {
  constexpr int kElements = format_info(F).elements;
  TilePair<F> pair = {{{{rows.bytes[0]}}, {{rows.bytes[1]}}}};
  TokenPointers x(codes);
  alignas(64) float results[T * 2 * 16] = {};
  __m512 acc[2][T];
#pragma GCC unroll 8
  for (int t = 0; t < T; ++t) acc[0][t] = acc[1][t] = _mm512_setzero_ps();
  for (int64_t start = 0; start < k; start += kTableK, ++tables) {
    const int n_k = static_cast<int>(k - start < kTableK ? k - start : kTableK);
    for (int i = 0; i < n_k / kElements; ++i) {
      if constexpr (kElements == 32) {
        ahead.prefetch_step();
        add_block<F, T>(pair, i, *tables, x, acc);
        x.advance(32);
      } else {
        for (int h = 0; h < 2; ++h) {
          add_group_of_128<F, T>(pair, h, i, *tables, x, ahead, results);
        }
      }
      advance(pair);
    }
  }
#pragma GCC unroll 8
  for (int t = 0; t < T; ++t) {
#pragma GCC unroll 2
    for (int r = 0; r < 2; ++r) {
      const __m512 sum = kElements == 32 ? acc[r][t] : _mm512_load_ps(results + 16 * (2 * t + r));
      _mm512_mask_storeu_ps(rows.out + t * rows.out_stride + 16 * r, rows.mask[r], sum);
    }
  }
}

using MultiplyPair = void (*)(const Rows&, const TokenCodes&, int64_t k, const TileTables*, Ahead);

// By the number of tokens, from 2 on.
template <Format F>
constexpr MultiplyPair kMultiplyPair[] = {multiply_pair<F, 2>, multiply_pair<F, 3>,
                                          multiply_pair<F, 4>, multiply_pair<F, 5>,
                                          multiply_pair<F, 6>};
static_assert(kTurnTokens == 6);

int64_t tables_of_turn(int64_t k) {
  return (k + kTableK - 1) / kTableK;
}

template <class Rule>
void prepare_turns(const MatmulArgs& args, const Turns& turns, int zero, TileTables* tables) {
  int64_t token = 0;
  for (int64_t turn = 0; turn < turns.n_turns; ++turn) {
    for (int64_t k = 0; k < args.k; k += kTableK) {
      const int n_k = static_cast<int>(args.k - k < kTableK ? args.k - k : kTableK);
      prepare_tables<Rule>(args.x, token, turns.size(turn), k, n_k, zero, *tables++);
    }
    token += turns.size(turn);
  }
}

// group_bytes: of 16 rows.
void multiply_turns(const MatmulArgs& args, const Turns& turns, int64_t group_bytes,
                    const MultiplyPair* multiply, const TileTables* tables) {
  const auto* const weights = static_cast<const uint8_t*>(args.weights);
  for (int64_t row = 0; row < args.n_rows; row += 2 * kGroupRows) {
    Rows rows = {};
    rows.bytes[0] = weights + row / kGroupRows * group_bytes;
    const int64_t rest = args.n_rows - row;
    const bool both = rest > kGroupRows;
    rows.bytes[1] = rows.bytes[0] + (both ? group_bytes : 0);
    rows.mask[0] = static_cast<__mmask16>(both ? 0xffff : (1 << rest) - 1);
    rows.mask[1] = static_cast<__mmask16>(rest >= 2 * kGroupRows ? 0xffff
                                          : both                 ? (1 << (rest - kGroupRows)) - 1
                                                                 : 0);
    rows.out_stride = args.out_stride;
    int64_t token = 0;
    const uint8_t* next = rows.bytes[0] + 2 * group_bytes;
    int64_t next_bytes = 2 * group_bytes;
    if (args.upcoming != nullptr) {
      next = static_cast<const uint8_t*>(args.upcoming);
      next_bytes = args.upcoming_bytes;
    }
    const int64_t part_bytes = next_bytes / turns.n_turns;
    for (int64_t turn = 0; turn < turns.n_turns; ++turn) {
      rows.out = args.out + token * args.out_stride + row;
      const Ahead ahead = {next + turn * part_bytes, (part_bytes * 32 + args.k - 1) / args.k};
      const TokenCodes codes = {args.x.codes + token * args.x.codes_stride, args.x.codes_stride};
      multiply[turns.size(turn) - 2](rows, codes, args.k, tables + turn * tables_of_turn(args.k),
                                     ahead);
      token += turns.size(turn);
    }
  }
}

template <Format F>
void multiply_all(const MatmulArgs& args, TileTables* tables) {
  constexpr FormatInfo kInfo = format_info(F);
  const Turns turns(args.n_tokens, kTurnTokens);  // one token is alone only in a product of one
  prepare_turns<RuleOf<F>>(args, turns, Tile<F>::kZero, tables);
  const int64_t group_bytes = args.k / kInfo.elements * kInfo.block_bytes * kGroupRows;
  multiply_turns(args, turns, group_bytes, kMultiplyPair<F>, tables);
}

}  // namespace

bool fits_small(Format format, const MatmulArgs& args) {
  // Four turns reach what panels reach, two with sub-blocks of 16, whose decoding takes as long as
  // the products of four tokens (Q6_K: 46 % of the peak at 16 tokens, panels 50 %).
  const int64_t most_turns = generic::integer_rule(format).sub == 16 ? 2 : 4;
  if (args.n_tokens < 2 || args.n_tokens > most_turns * kTurnTokens) return false;
  const int64_t n_tables = Turns(args.n_tokens, kTurnTokens).n_turns * tables_of_turn(args.k);
  return n_tables <= static_cast<int64_t>(kIntegerScratchBytes / sizeof(TileTables));
}

void matmul_small(Format format, const MatmulArgs& args, void* scratch) {
  generic::visit_integer_tiles(format, [&](auto constant) {
    multiply_all<decltype(constant)::kValue>(args, static_cast<TileTables*>(scratch));
  });
}

}  // namespace minnow::avx512
