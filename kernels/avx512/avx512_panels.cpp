// Products for many tokens: a panel of 32 rows and at most 512 k is decoded to bytes once and met
// by all tokens of a chunk; what it adds is kept in scratch until the next one.
#include "kernels/avx512/avx512_integer.hpp"
#include "kernels/avx512/avx512_panel_tile.hpp"
#include "kernels/generic/integer_formats.hpp"

namespace minnow::avx512 {
namespace {

using generic::IntegerRule;

int64_t smaller(int64_t a, int64_t b) {
  return a < b ? a : b;
}

// Where weights come from: packed tiles, or 16 rows of codes that src/format decoded.
struct Source {
  const uint8_t* weights;
  const CodeGroup* codes;
};

// -- weights to panels ----------------------------------------------------------------------------

template <int G, Format F>
[[gnu::always_inline]] inline void store_codes(const Tile<F>& tile, int j, uint8_t* codes) {
  if constexpr (G < 8) {
    _mm512_store_si512(codes + 128 * G, tile.template codes<G>(j));
    store_codes<G + 1>(tile, j, codes);
  }
}

template <Format F>
[[gnu::always_inline]] inline void unpack_tile(const Tile<F>& tile, int i, int r0, Panel& panel) {
  constexpr IntegerRule kRule = generic::integer_rule(F);
  constexpr int kSubs = kRule.elements / kRule.sub;
  uint8_t* const codes = panel.codes + i * kRule.elements * 32 + 64 * r0;
  for (int j = 0; j < kRule.elements / 32; ++j) store_codes<0>(tile, j, codes + 1024 * j);
  for (int s = 0; s < kSubs; ++s) {
    _mm512_store_ps(panel.scales + 16 * (2 * (i * kSubs + s) + r0), tile.scale(s));
  }
  if constexpr (kRule.mins == Mins::kBlock) {
    _mm512_store_ps(panel.offsets + 16 * (2 * i + r0), tile.offset());
  }
  if constexpr (kRule.mins == Mins::kInteger) {
    for (int pair = 0; pair < kSubs / 2; ++pair) {
      _mm512_store_si512(panel.min_pairs + 16 * (2 * (i * kSubs / 2 + pair) + r0),
                         tile.min_pair(2 * pair));
    }
    _mm512_store_ps(panel.dmin + 16 * (4 * i + r0), tile.dmin());
    _mm512_store_ps(panel.dmin + 16 * (4 * i + 2 + r0), tile.dmin());
  }
}

// n_k of the row group whose tiles begin at source.weights, as group r0 of a panel of two.
template <Format F>
void unpack_tiles(const Source& source, int64_t /*start*/, int n_k, int r0, Panel& panel) {
  constexpr FormatInfo kInfo = format_info(F);
  for (int i = 0; i < n_k / kInfo.elements; ++i) {
    const Tile<F> tile{{source.weights + i * kInfo.block_bytes * kGroupRows}};
    unpack_tile(tile, i, r0, panel);
  }
}

__m512i bytes_to_lanes(const uint8_t* bytes) {
  const void* const address = bytes;
  return _mm512_cvtepu8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(address)));
}

// Codes k in [start, start + n_k), signed, as a panel of one group.
template <int Sub, Mins M>
void unpack_codes(const Source& source, int64_t start, int n_k, int /*r0*/, Panel& panel) {
  const CodeGroup& group = *source.codes;
  const int8_t* const from = group.codes + start * 16;
  for (int i = 0; i < n_k * 16; i += 64) {
    const __m512i offset = _mm512_xor_si512(load_bytes(from + i), _mm512_set1_epi8(-128));
    _mm512_store_si512(panel.codes + i, offset);
  }
  const int n_subs = n_k / Sub;
  const float* const scales = group.scales + start / Sub * 16;
  for (int i = 0; i < n_subs; ++i) {
    _mm512_store_ps(panel.scales + 16 * i, _mm512_loadu_ps(scales + 16 * i));
  }
  if constexpr (M == Mins::kInteger) {
    const uint8_t* const mins = group.mins + start / Sub * 16;
    for (int i = 0; i < n_subs / 2; ++i) {
      const __m512i low = bytes_to_lanes(mins + 32 * i);
      const __m512i high = bytes_to_lanes(mins + 32 * i + 16);
      const __m512i pair = _mm512_or_si512(low, _mm512_bslli_epi128(high, 2));
      _mm512_store_si512(panel.min_pairs + 16 * i, pair);
    }
    for (int i = 0; i < n_k / 128; ++i) {
      const float* const dmin = group.dmin + (start + 128 * i) / 256 * 16;
      _mm512_store_ps(panel.dmin + 16 * i, _mm512_loadu_ps(dmin));
    }
  }
}

// -- tokens ---------------------------------------------------------------------------------------

// A stretch of k for some tokens.
struct Step {
  int zero;         // of the codes
  int64_t panel_k;  // of every step but the last
  int64_t start;
  int n_k;
  int64_t first_token;
  int64_t n_tokens;
};

// The tables of all tiles: made once for the panels of a block.
template <class Rule>
void prepare_tiles(const QuantRows& rows, const Step& step, TileTables* tables) {
  const QuantRows x = rows;
  const Turns tiles(step.n_tokens, kTileTokens);
  int64_t token = step.first_token;
  for (int64_t tile = 0; tile < tiles.n_turns; ++tile) {
    const int size = tiles.size(tile);
    prepare_tables<Rule>(x, token, size, step.start, step.n_k, step.zero, tables[tile]);
    token += size;
  }
}

// A tile of T tokens.
template <class Rule, int R, int T>
[[gnu::always_inline]] inline void run_tile(const Panel& panel, const TileTables& tables,
                                            const TokenCodes& codes, int n_k,
                                            const TileSums& sums) {
  if constexpr (Rule::kXGroup == 32) {
    panel_tile_32<Rule::kSub, Rule::kMins, Rule::kHasZero, R, T>(panel, tables, codes, n_k, sums);
  } else {
    panel_tile_128<Rule::kSub, Rule::kMins, Rule::kHasZero, R, T>(panel, tables, codes, n_k, sums);
  }
}

template <class Rule, int R, int T = kTileTokens>
[[gnu::always_inline]] inline void run_tile_of(int64_t size, const Panel& panel,
                                               const TileTables& tables, const TokenCodes& codes,
                                               int n_k, const TileSums& sums) {
  if constexpr (T > 0) {
    if (size == T) return run_tile<Rule, R, T>(panel, tables, codes, n_k, sums);
    run_tile_of<Rule, R, T - 1>(size, panel, tables, codes, n_k, sums);
  }
}

// What will be decoded next, to be prefetched while tiles are computed: without it, decoding waits
// for memory and costs as much as 70 tokens.
struct Ahead {
  const uint8_t* bytes[2];
  int64_t n_bytes;  // of each; 0: nothing

  // The bytes [begin, end) of each, where they exist.
  [[gnu::always_inline]] void prefetch(int64_t begin, int64_t end) const {
    for (int64_t i = begin; i < smaller(end, n_bytes); i += 64) {
      _mm_prefetch(bytes[0] + i, _MM_HINT_T1);
      _mm_prefetch(bytes[1] + i, _MM_HINT_T1);
    }
  }
};

// The results that a tile some way on will write.
template <int R>
[[gnu::always_inline]] inline void prefetch_out(const TileSums& sums, int64_t first, int64_t end) {
  for (int64_t t = first; t < end; ++t) {
    const float* const out = sums.out + t * sums.out_stride;
    __builtin_prefetch(out, 1);
    __builtin_prefetch(out + 16 * R - 1, 1);
  }
}

// What the next tile will read of its tables, which lie in the second-level cache.
template <class Rule>
[[gnu::always_inline]] inline void prefetch_tables(const TileTables& tables) {
#pragma GCC unroll 8
  for (int t = 0; t < kTileTokens; ++t) {
    _mm_prefetch(tables.scales[t], _MM_HINT_T0);
    if constexpr (Rule::kHasZero) _mm_prefetch(tables.starts[t], _MM_HINT_T0);
    if constexpr (Rule::kHasZero && Rule::kSub == 16)
      _mm_prefetch(tables.starts[t] + 16, _MM_HINT_T0);
    if constexpr (Rule::kMins != Mins::kNone) _mm_prefetch(tables.extra[t], _MM_HINT_T0);
  }
}

// All tokens of a chunk meet the panel. Arguments are copied, since every store of a vector could
// change what a reference means.
template <class Rule, int R>
void run_tokens(const QuantRows& x, const Step& all, TileSums sums, const Ahead& next,
                PanelScratch& scratch) {
  const Step step = all;
  const Ahead ahead = next;
  const Turns tiles(step.n_tokens, kTileTokens);
  const int64_t ahead_step = (ahead.n_bytes / tiles.n_turns + 64) / 64 * 64;
  TokenCodes codes = {x.codes + step.first_token * x.codes_stride + step.start, x.codes_stride};
  int64_t done = 0;
  for (int64_t tile = 0; tile < tiles.n_turns; ++tile) {
    ahead.prefetch(tile * ahead_step, (tile + 1) * ahead_step);
    const int64_t size = tiles.size(tile);
    if (sums.last) {
      prefetch_out<R>(sums, 2 * kTileTokens, smaller(3 * kTileTokens, step.n_tokens - done));
    }
    prefetch_tables<Rule>(scratch.tables[tile + 1]);
    run_tile_of<Rule, R>(size, scratch.panel, scratch.tables[tile], codes, step.n_k, sums);
    done += size;
    codes.codes += size * codes.stride;
    sums.partial += size * R * 16;
    sums.out += size * sums.out_stride;
  }
}

// -- loops ----------------------------------------------------------------------------------------

// What the loops below do with a source.
struct PanelKind {
  int elements;  // of a block
  int zero;
  int n_groups;       // of 16 rows in a panel
  int64_t row_bytes;  // of a block in 16 rows; 0: nothing is to be prefetched
  void (*unpack)(const Source&, int64_t start, int n_k, int r0, Panel&);
  void (*prepare_tiles)(const QuantRows&, const Step&, TileTables*);
  void (*run_tokens)(const QuantRows&, const Step&, TileSums, const Ahead&, PanelScratch&);
};

template <Format F>
constexpr PanelKind tile_kind() {
  constexpr IntegerRule kRule = generic::integer_rule(F);
  constexpr int kZero = Tile<F>::kZero;
  using Rule = TileRule<kRule.x_group, kRule.sub, kRule.mins, kZero != 0>;
  return {kRule.elements,
          kZero,
          2,
          format_info(F).block_bytes * kGroupRows,
          unpack_tiles<F>,
          prepare_tiles<Rule>,
          run_tokens<Rule, 2>};
}

template <int XGroup, int Sub, Mins M>
constexpr PanelKind code_kind() {
  using Rule = TileRule<XGroup, Sub, M, true>;
  return {XGroup == 32 ? 32 : 256, 128, 1, 0, unpack_codes<Sub, M>, prepare_tiles<Rule>,
          run_tokens<Rule, 1>};
}

// Rows [begin, end) that meet a stretch of k together.
struct Block {
  int64_t begin;
  int64_t end;
};

// The tiles of a row group from k = start on.
const uint8_t* tiles_at(const PanelKind& kind, const Source& source, int64_t k, int64_t row,
                        int64_t start) {
  const int64_t block = row / kGroupRows * (k / kind.elements) + start / kind.elements;
  return source.weights + block * kind.row_bytes;
}

// The rows of one panel. An odd last group is computed twice and stored once.
void run_rows(const PanelKind& kind, const Source& source, const MatmulArgs& args, const Step& step,
              const Block& block, int64_t row, const Ahead& ahead, PanelScratch& scratch) {
  TileSums sums = {};
  for (int r = 0; r < kind.n_groups; ++r) {
    const int64_t rest = args.n_rows - row - 16 * r;
    const int64_t group = rest > 0 ? row + 16 * r : row;
    const Source from = {tiles_at(kind, source, args.k, group, step.start), source.codes};
    kind.unpack(from, step.start, step.n_k, r, scratch.panel);
    sums.rows[r] = static_cast<__mmask16>(rest >= 16 ? 0xffff : rest > 0 ? (1 << rest) - 1 : 0);
  }
  sums.partial = scratch.sums + (row - block.begin) * kChunkTokens;
  sums.first = step.start == 0;
  sums.last = step.start + step.n_k == args.k;
  sums.out = args.out + step.first_token * args.out_stride + row;
  sums.out_stride = args.out_stride;
  kind.run_tokens(args.x, step, sums, ahead, scratch);
}

// Where the panel after that of `row` lies.
Ahead panel_after(const PanelKind& kind, const Source& source, const MatmulArgs& args,
                  const Step& step, const Block& block, int64_t row) {
  if (kind.row_bytes == 0) return {};
  int64_t start = step.start;
  row += kind.n_groups * kGroupRows;
  if (row >= block.end) {
    row = block.begin;
    start += step.panel_k;
  }
  if (start >= args.k) {
    row = block.end;
    start = 0;
  }
  if (row >= args.n_rows) return {};
  const int64_t n_tiles = smaller(step.panel_k, args.k - start) / kind.elements;
  const int64_t second = row + kGroupRows < args.n_rows ? row + kGroupRows : row;
  return {
      {tiles_at(kind, source, args.k, row, start), tiles_at(kind, source, args.k, second, start)},
      n_tiles * kind.row_bytes};
}

// The length of panels, all of nearly the same: whole blocks, at most kPanelK.
int64_t panel_length(int64_t k, int elements) {
  const int64_t n_panels = (k + kPanelK - 1) / kPanelK;
  const int64_t n_blocks = k / elements;
  return (n_blocks + n_panels - 1) / n_panels * elements;
}

void run(const PanelKind& kind, const Source& source, const MatmulArgs& args,
         PanelScratch& scratch) {
  constexpr int64_t kBlockRows = kBlockGroups * kGroupRows;
  const int64_t panel_k = panel_length(args.k, kind.elements);
  for (int64_t token = 0; token < args.n_tokens; token += kChunkTokens) {
    for (int64_t begin = 0; begin < args.n_rows; begin += kBlockRows) {
      const Block block = {begin, smaller(args.n_rows, begin + kBlockRows)};
      for (int64_t k = 0; k < args.k; k += panel_k) {
        const Step step = {kind.zero, panel_k,
                           k,         static_cast<int>(smaller(panel_k, args.k - k)),
                           token,     smaller(kChunkTokens, args.n_tokens - token)};
        kind.prepare_tiles(args.x, step, scratch.tables);
        for (int64_t row = begin; row < block.end; row += kind.n_groups * kGroupRows) {
          const Ahead ahead = panel_after(kind, source, args, step, block, row);
          run_rows(kind, source, args, step, block, row, ahead, scratch);
        }
      }
    }
  }
}

static_assert(sizeof(PanelScratch) <= kIntegerScratchBytes);

}  // namespace

void matmul_panels(Format format, const MatmulArgs& args, void* scratch) {
  const Source source = {static_cast<const uint8_t*>(args.weights), nullptr};
  generic::visit_integer_tiles(format, [&](auto constant) {
    run(tile_kind<decltype(constant)::kValue>(), source, args,
        *static_cast<PanelScratch*>(scratch));
  });
}

void matmul_codes(const CodeGroup& group, const MatmulArgs& args, void* scratch) {
  PanelScratch& panels = *static_cast<PanelScratch*>(scratch);
  const Source source = {nullptr, &group};
  const IntegerRule rule = generic::integer_rule(group.format);
  if (rule.x_group == 32) {
    if (rule.sub == 32) return run(code_kind<32, 32, Mins::kNone>(), source, args, panels);
    return run(code_kind<32, 16, Mins::kNone>(), source, args, panels);
  }
  if (rule.sub == 32) return run(code_kind<128, 32, Mins::kNone>(), source, args, panels);
  if (rule.mins == Mins::kNone) {
    return run(code_kind<128, 16, Mins::kNone>(), source, args, panels);
  }
  run(code_kind<128, 16, Mins::kInteger>(), source, args, panels);
}

}  // namespace minnow::avx512
