// Products for many tokens: a panel of 32 rows and at most 1,024 k is decoded to bytes once and met
// by all tokens; what a panel adds is kept in args.out until the next one.
#include "kernels/avx512/avx512_integer.hpp"
#include "kernels/avx512/avx512_panel_tile.hpp"
#include "kernels/generic/integer_formats.hpp"

namespace minnow::avx512 {
namespace {

using generic::IntegerRule;

// Tokens of a register tile, at most. Of 4, 5 and 6, five reach the most (75 % of the peak in the
// first-level cache): six leave g++ without general registers.
constexpr int kTileTokens = 5;
// With many tokens, row groups that meet the same k in turn: the tokens' codes of these k then
// come from the second-level cache and not from the third.
constexpr int64_t kBlockRows = 128;
constexpr int64_t kManyTokens = 64;

int64_t smaller(int64_t a, int64_t b) {
  return a < b ? a : b;
}

// -- weights to panels ----------------------------------------------------------------------------

template <Format F>
struct TileSource {
  static constexpr IntegerRule kRule = generic::integer_rule(F);
  static constexpr int kZero = Tile<F>::kZero;
  static constexpr bool kOneGroup = false;
  static constexpr int64_t kTileBytes = format_info(F).block_bytes * kGroupRows;
  const uint8_t* weights;
  int64_t k;

  // The bytes of a row group from k = start on.
  const uint8_t* address(int64_t group, int64_t start) const {
    return weights + (group * (k / kRule.elements) + start / kRule.elements) * kTileBytes;
  }

  // Row group `group`, k in [start, start + n_k), as the panel's group r0 of R.
  template <int R>
  void unpack(int64_t group, int64_t start, int n_k, int r0, Panel& panel) const {
    const uint8_t* const bytes = address(group, start);
    for (int i = 0; i < n_k / kRule.elements; ++i) {
      const Tile<F> tile{{bytes + i * kTileBytes}};
      unpack_tile<R>(tile, i, r0, panel);
    }
  }

  template <int R>
  [[gnu::always_inline]] static void unpack_tile(const Tile<F>& tile, int i, int r0, Panel& panel) {
    constexpr int kSubs = kRule.elements / kRule.sub;
    uint8_t* const codes = panel.codes + i * kRule.elements * 16 * R + 64 * r0;
    for (int j = 0; j < kRule.elements / 32; ++j) {
      store_codes<R, 0>(tile, j, codes + 64 * R * 8 * j);
    }
    for (int s = 0; s < kSubs; ++s) {
      _mm512_store_ps(panel.scales + 16 * (R * (i * kSubs + s) + r0), tile.scale(s));
    }
    if constexpr (kRule.mins == Mins::kBlock) {
      _mm512_store_ps(panel.offsets + 16 * (R * i + r0), tile.offset());
    }
    if constexpr (kRule.mins == Mins::kInteger) {
      for (int pair = 0; pair < kSubs / 2; ++pair) {
        _mm512_store_si512(panel.min_pairs + 16 * (R * (i * kSubs / 2 + pair) + r0),
                           tile.min_pair(2 * pair));
      }
      _mm512_store_ps(panel.dmin + 16 * (R * 2 * i + r0), tile.dmin());
      _mm512_store_ps(panel.dmin + 16 * (R * (2 * i + 1) + r0), tile.dmin());
    }
  }

  template <int R, int G>
  [[gnu::always_inline]] static void store_codes(const Tile<F>& tile, int j, uint8_t* codes) {
    if constexpr (G < 8) {
      _mm512_store_si512(codes + 64 * R * G, tile.template codes<G>(j));
      store_codes<R, G + 1>(tile, j, codes);
    }
  }
};

// Codes that src/format decoded, signed.
template <int XGroup, int Sub, Mins M>
struct CodeSource {
  static constexpr IntegerRule kRule = {XGroup == 32 ? 32 : 256, XGroup, Sub, M};
  static constexpr int kZero = 128;
  static constexpr bool kOneGroup = true;
  const CodeGroup* codes;

  template <int R>
  void unpack(int64_t /*group*/, int64_t start, int n_k, int /*r0*/, Panel& panel) const {
    static_assert(R == 1);
    const int8_t* const from = codes->codes + start * 16;
    for (int i = 0; i < n_k * 16; i += 64) {
      const __m512i offset = _mm512_xor_si512(load_bytes(from + i), _mm512_set1_epi8(-128));
      _mm512_store_si512(panel.codes + i, offset);
    }
    const int n_subs = n_k / Sub;
    const float* const scales = codes->scales + start / Sub * 16;
    for (int i = 0; i < n_subs; ++i) {
      _mm512_store_ps(panel.scales + 16 * i, _mm512_loadu_ps(scales + 16 * i));
    }
    if constexpr (M == Mins::kInteger) {
      const uint8_t* const mins = codes->mins + start / Sub * 16;
      for (int i = 0; i < n_subs / 2; ++i) {
        const __m512i low = bytes_to_lanes(mins + 32 * i);
        const __m512i high = bytes_to_lanes(mins + 32 * i + 16);
        const __m512i pair = _mm512_or_si512(low, _mm512_bslli_epi128(high, 2));
        _mm512_store_si512(panel.min_pairs + 16 * i, pair);
      }
      for (int i = 0; i < n_k / 128; ++i) {
        const float* const dmin = codes->dmin + (start + 128 * i) / 256 * 16;
        _mm512_store_ps(panel.dmin + 16 * i, _mm512_loadu_ps(dmin));
      }
    }
  }

  static __m512i bytes_to_lanes(const uint8_t* bytes) {
    const void* const address = bytes;
    return _mm512_cvtepu8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(address)));
  }
};

// -- tokens ---------------------------------------------------------------------------------------

// A stretch of k for some tokens.
struct Step {
  int64_t panel_k;  // of every step but the last
  int64_t start;
  int n_k;
  int64_t first_token;
  int64_t n_tokens;
};

// Entries of the tables' row for n_k (at most 512) weights, from their sums of 16 codes.
template <class Source>
[[gnu::always_inline]] inline void prepare_sums(const int16_t* sums_of_16, int n_k, int32_t* starts,
                                                int32_t* extra) {
  constexpr IntegerRule kRule = Source::kRule;
  const auto mask = static_cast<__mmask32>((std::uint64_t{1} << (n_k / 16)) - 1);
  const __m512i sums = _mm512_maskz_loadu_epi16(mask, sums_of_16);
  const __m512i of_32 = _mm512_madd_epi16(sums, _mm512_set1_epi16(1));
  if constexpr (kRule.sub == 32) {
    _mm512_store_si512(starts, _mm512_madd_epi16(sums, _mm512_set1_epi16(-Source::kZero)));
  } else {
    const auto low = _mm256_maskz_loadu_epi16(static_cast<__mmask16>(mask), sums_of_16);
    const auto high = _mm256_maskz_loadu_epi16(static_cast<__mmask16>(mask >> 16), sums_of_16 + 16);
    const __m512i zero = _mm512_set1_epi32(-Source::kZero & 0xffff);  // times the low half only
    _mm512_store_si512(starts, _mm512_madd_epi16(_mm512_cvtepu16_epi32(low), zero));
    _mm512_store_si512(starts + 16, _mm512_madd_epi16(_mm512_cvtepu16_epi32(high), zero));
  }
  if constexpr (kRule.mins == Mins::kBlock) {
    _mm512_store_si512(extra, _mm512_castps_si512(_mm512_cvtepi32_ps(of_32)));
  }
  if constexpr (kRule.mins == Mins::kInteger && kRule.sub == 32) {
    void* const address = extra;
    _mm256_store_si256(static_cast<__m256i*>(address), _mm512_cvtepi32_epi16(of_32));
  }
  if constexpr (kRule.mins == Mins::kInteger && kRule.sub == 16) {
    _mm512_store_si512(extra, sums);
  }
}

// The tables' row of the step's token t.
template <class Source>
void prepare_token(const QuantRows& x, const Step& step, int64_t t, TokenTables& tables) {
  constexpr int kXGroup = Source::kRule.x_group;
  constexpr int kSub = Source::kRule.sub;
  constexpr int kExtra = Source::kRule.mins == Mins::kInteger ? 2 * kSub : 32;
  const int64_t token = step.first_token + t;
  const float* const scales = x.scales + token * x.scales_stride + step.start / kXGroup;
  const int16_t* const sums = x.sums + token * x.sums_stride + step.start / 16;
  for (int k = 0; k < step.n_k; k += 512) {
    const int n_k = static_cast<int>(smaller(512, step.n_k - k));
    const auto mask = static_cast<__mmask16>((1 << (n_k / kXGroup)) - 1);
    _mm512_storeu_ps(tables.scales[t] + k / kXGroup,
                     _mm512_maskz_loadu_ps(mask, scales + k / kXGroup));
    prepare_sums<Source>(sums + k / 16, n_k, tables.starts[t] + k / kSub,
                         tables.extra[t] + k / kExtra);
  }
}

template <class Source, int R, int T>
void run_tile(const Panel& panel, const PanelTokens& x, int n_k, const RowMasks& rows) {
  constexpr IntegerRule kRule = Source::kRule;
  if constexpr (kRule.x_group == 32) {
    panel_tile_32<kRule.sub, kRule.mins, R, T>(panel, x, n_k, rows);
  } else {
    panel_tile_128<kRule.sub, kRule.mins, R, T>(panel, x, n_k, rows);
  }
}

// What will be decoded next, to be prefetched while tiles are computed: without it, decoding waits
// for memory and costs as much as 70 tokens.
struct Ahead {
  const uint8_t* bytes[2];
  int64_t n_bytes;  // of each; 0: nothing

  // Part `part` of n_parts.
  [[gnu::always_inline]] void prefetch(int64_t part, int64_t n_parts) const {
    for (int64_t i = n_bytes * part / n_parts; i < n_bytes * (part + 1) / n_parts; i += 64) {
      _mm_prefetch(bytes[0] + i, _MM_HINT_T1);
      _mm_prefetch(bytes[1] + i, _MM_HINT_T1);
    }
  }
};

constexpr int64_t kOutAhead = 2 * kTileTokens;

// The results of the tokens that a tile some way on will write.
template <int R>
[[gnu::always_inline]] inline void prefetch_out(const PanelTokens& x, int64_t first,
                                                int64_t n_tokens) {
  for (int64_t t = first; t < smaller(first + kTileTokens, n_tokens); ++t) {
    for (int r = 0; r < R; ++r) _mm_prefetch(x.out + t * x.out_stride + 16 * r, _MM_HINT_T0);
  }
}

// All tokens of a chunk meet the panel, in register tiles of nearly equal sizes.
template <class Source, int R>
void run_tokens(const Panel& panel, PanelTokens x, int64_t n_tokens, int n_k, const RowMasks& rows,
                const Ahead& ahead) {
  const int64_t all_tiles = (n_tokens + kTileTokens - 1) / kTileTokens;
  for (int64_t n_tiles = all_tiles; n_tiles > 0; --n_tiles) {
    ahead.prefetch(all_tiles - n_tiles, all_tiles);
    const int64_t size = (n_tokens + n_tiles - 1) / n_tiles;
    prefetch_out<R>(x, kOutAhead, n_tokens);
    switch (size) {
      case 1:
        run_tile<Source, R, 1>(panel, x, n_k, rows);
        break;
      case 2:
        run_tile<Source, R, 2>(panel, x, n_k, rows);
        break;
      case 3:
        run_tile<Source, R, 3>(panel, x, n_k, rows);
        break;
      case 4:
        run_tile<Source, R, 4>(panel, x, n_k, rows);
        break;
      case 5:
        run_tile<Source, R, 5>(panel, x, n_k, rows);
        break;
      default:
        run_tile<Source, R, 6>(panel, x, n_k, rows);
        break;
    }
    n_tokens -= size;
    x.codes += size * x.codes_stride;
    x.starts += size;
    x.extra += size;
    x.scales += size;
    x.out += size * x.out_stride;
  }
}

// -- loops ----------------------------------------------------------------------------------------

template <class Source, int R>
void run_rows(const Source& source, const MatmulArgs& args, const Step& step, int64_t row,
              const Ahead& ahead, PanelScratch& scratch) {
  RowMasks rows = {};
  for (int r = 0; r < R; ++r) {
    source.template unpack<R>(row / kGroupRows + r, step.start, step.n_k, r, scratch.panel);
    const int64_t rest = args.n_rows - row - 16 * r;
    rows.group[r] = static_cast<__mmask16>(rest >= 16 ? 0xffff : (1 << rest) - 1);
    rows.continued[r] = step.start == 0 ? __mmask16{0} : rows.group[r];
  }
  const PanelTokens x = {
      args.x.codes + step.first_token * args.x.codes_stride + step.start,
      args.x.codes_stride,
      scratch.tokens.starts,
      scratch.tokens.extra,
      scratch.tokens.scales,
      args.out + step.first_token * args.out_stride + row,
      args.out_stride,
  };
  run_tokens<Source, R>(scratch.panel, x, step.n_tokens, step.n_k, rows, ahead);
}

// Rows [begin, end) that meet a stretch of k together.
struct Block {
  int64_t begin;
  int64_t end;
};

// Where the panel after that of `row` lies.
template <class Source>
Ahead panel_after(const Source& source, const MatmulArgs& args, const Step& step,
                  const Block& block, int64_t row) {
  if constexpr (Source::kOneGroup) {
    return {};
  } else {
    int64_t start = step.start;
    row += 2 * kGroupRows;
    if (row >= block.end) {
      row = block.begin;
      start += step.panel_k;
    }
    if (start >= args.k) {
      row = block.end;
      start = 0;
    }
    if (row >= args.n_rows) return {};
    const int64_t n_tiles = smaller(step.panel_k, args.k - start) / Source::kRule.elements;
    const int64_t group = row / kGroupRows;
    const int64_t second = row + kGroupRows < args.n_rows ? group + 1 : group;
    return {{source.address(group, start), source.address(second, start)},
            n_tiles * Source::kTileBytes};
  }
}

template <class Source>
void run_block(const Source& source, const MatmulArgs& args, const Step& step, const Block& block,
               PanelScratch& scratch) {
  int64_t row = block.begin;
  if constexpr (!Source::kOneGroup) {
    for (; row + kGroupRows < block.end; row += 2 * kGroupRows) {
      const Ahead ahead = panel_after(source, args, step, block, row);
      run_rows<Source, 2>(source, args, step, row, ahead, scratch);
    }
  }
  if (row < block.end) {
    const Ahead ahead = panel_after(source, args, step, block, row);
    run_rows<Source, 1>(source, args, step, row, ahead, scratch);
  }
}

// The length of panels, all of nearly the same: whole blocks, at most kPanelK.
int64_t panel_length(int64_t k, int elements) {
  const int64_t n_panels = (k + kPanelK - 1) / kPanelK;
  const int64_t n_blocks = k / elements;
  return (n_blocks + n_panels - 1) / n_panels * elements;
}

template <class Source>
void run(const Source& source, const MatmulArgs& args, PanelScratch& scratch) {
  const int64_t panel_k = panel_length(args.k, Source::kRule.elements);
  const int64_t block_rows = args.n_tokens < kManyTokens ? 2 * kGroupRows : kBlockRows;
  for (int64_t token = 0; token < args.n_tokens; token += kChunkTokens) {
    for (int64_t row = 0; row < args.n_rows; row += block_rows) {
      const Block block = {row, smaller(args.n_rows, row + block_rows)};
      for (int64_t k = 0; k < args.k; k += panel_k) {
        const Step step = {panel_k, k, static_cast<int>(smaller(panel_k, args.k - k)), token,
                           smaller(kChunkTokens, args.n_tokens - token)};
        for (int64_t t = 0; t < step.n_tokens; ++t) {
          prepare_token<Source>(args.x, step, t, scratch.tokens);
        }
        run_block(source, args, step, block, scratch);
      }
    }
  }
}

static_assert(sizeof(PanelScratch) <= kIntegerScratchBytes);

}  // namespace

void matmul_panels(Format format, const MatmulArgs& args, void* scratch) {
  generic::visit_integer_tiles(format, [&](auto constant) {
    const TileSource<decltype(constant)::kValue> source = {
        static_cast<const uint8_t*>(args.weights), args.k};
    run(source, args, *static_cast<PanelScratch*>(scratch));
  });
}

void matmul_codes(const CodeGroup& group, const MatmulArgs& args, void* scratch) {
  PanelScratch& panels = *static_cast<PanelScratch*>(scratch);
  const IntegerRule rule = generic::integer_rule(group.format);
  if (rule.x_group == 32) {
    if (rule.sub == 32) return run(CodeSource<32, 32, Mins::kNone>{&group}, args, panels);
    return run(CodeSource<32, 16, Mins::kNone>{&group}, args, panels);
  }
  if (rule.sub == 32) return run(CodeSource<128, 32, Mins::kNone>{&group}, args, panels);
  if (rule.mins == Mins::kNone) {
    return run(CodeSource<128, 16, Mins::kNone>{&group}, args, panels);
  }
  return run(CodeSource<128, 16, Mins::kInteger>{&group}, args, panels);
}

}  // namespace minnow::avx512
