// Products of 4-, 5- and 6-bit weights with many tokens.
//
// 32 rows x 512 k of weights are unpacked into scratch (avx2_panel.hpp) and stay in the first cache
// while all tokens meet them, four at a time. A register tile is 16 rows x 4 tokens:
//   8 sums of 16 bits, each [8 rows][2]; for each 4 k: 2 loads of codes, 4 broadcasts of a token's
//   codes, 8 vpmaddubsw, 8 additions
// Sums over k continue in `out` from one panel to the next.
#include "kernels/avx2/avx2_panel.hpp"
#include "kernels/avx2/avx2_integer.hpp"
#include "kernels/avx2/avx2_tokens.hpp"

namespace minnow::avx2 {
namespace {

using std::int32_t;
using std::int64_t;
using std::uint8_t;

constexpr int64_t kPanelK = 512;
constexpr int kPanelGroups = 2;  // of 16 rows
constexpr int kUnits = kPanelK / 32;

// Up to four tokens over a panel's k, as the register tile reads them: [unit] is 32 k.
struct alignas(64) TokenTile {
  uint8_t codes[kUnits][4][32];  // q, or q + 128 where the panel's codes are signed
  float scales[4][kUnits];       // [k / x_group]
  int32_t whole[4][kUnits];      // what is added to a unit's products, formats that add any
  float sums[4][kUnits];         // sum of q, Mins::kBlock
  int32_t pairs[4][kUnits];      // of a group of four units, Mins::kInteger: the sums of q in
                                 // units 0 and 2, in 1 and 3, and two that nobody reads
};

struct Scratch {
  alignas(64) uint8_t panels[kPanelGroups][12 * 1024];
  TokenTile tokens;
};
static_assert(sizeof(Scratch) <= kIntegerScratchBytes);

template <Format F>
constexpr bool fits_panel() {
  constexpr PanelLayout kPanel = panel_layout(F);
  return kPanelK / 32 / kPanel.group_units * kPanel.group_bytes <= 12 * 1024;
}

// A mask of the first n of eight lanes.
[[gnu::always_inline]] inline __m256i first_lanes(int64_t n) {
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), lanes);
}

// The codes of one token, n_units of 32.
template <Format F>
[[gnu::always_inline]] inline void prepare_codes(const std::int8_t* codes, int64_t n_units, int t,
                                                 TokenTile& tile) {
  const __m256i flip = _mm256_set1_epi8(panel_layout(F).is_signed ? -128 : 0);
  for (int64_t u = 0; u < n_units; ++u) {
    const __m256i bytes = load_bytes(codes + 32 * u);
    store_bytes(tile.codes[u][t], _mm256_xor_si256(bytes, flip));
  }
}

// What the tile needs of a token's sums of 16 codes, eight units at a time.
template <Format F>
[[gnu::always_inline]] inline void prepare_sums(const std::int16_t* sums, int64_t n_units, int t,
                                                TokenTile& tile) {
  constexpr PanelLayout kPanel = panel_layout(F);
  constexpr Mins kMins = code_layout(F).mins;
  if constexpr (kPanel.whole == 0 && kMins == Mins::kNone) return;
  for (int64_t u = 0; u < n_units; u += 8) {
    // A lane is a unit: its two sums.
    const void* const from = sums + 2 * u;
    const __m256i halves =
        _mm256_maskload_epi32(static_cast<const int*>(from), first_lanes(n_units - u));
    const __m256i of_32 = _mm256_madd_epi16(halves, _mm256_set1_epi16(1));
    if constexpr (kPanel.whole != 0) {
      store_bytes(&tile.whole[t][u], _mm256_madd_epi16(halves, _mm256_set1_epi16(kPanel.whole)));
    }
    if constexpr (kMins == Mins::kBlock) store_floats(&tile.sums[t][u], _mm256_cvtepi32_ps(of_32));
    if constexpr (kMins == Mins::kInteger) {
      const __m256i later = _mm256_slli_epi32(_mm256_shuffle_epi32(of_32, 0x0e), 16);
      store_bytes(&tile.pairs[t][u], _mm256_blend_epi16(of_32, later, 0xaa));
    }
  }
}

template <Format F>
void prepare_tokens(const QuantRows& x, int64_t token, int n_tokens, int64_t k, int64_t n_units,
                    TokenTile& tile) {
  for (int t = 0; t < n_tokens; ++t) {
    const int64_t row = token + t;
    prepare_codes<F>(x.codes + row * x.codes_stride + k, n_units, t, tile);
    prepare_sums<F>(x.sums + row * x.sums_stride + k / 16, n_units, t, tile);
    const float* const scales = x.scales + row * x.scales_stride + k / x_group_of(F);
    const int64_t n_scales = n_units * 32 / x_group_of(F);
    for (int64_t i = 0; i < n_scales; i += 8) {
      const __m256 eight = _mm256_maskload_ps(scales + i, first_lanes(n_scales - i));
      store_floats(&tile.scales[t][i], eight);
    }
  }
}

// dots[half][t] = products of sub-block `sub` of a unit. x: [4][32] codes; whole: [4][units].
template <Format F, int T>
[[gnu::always_inline]] inline void dot(const uint8_t* unit, const uint8_t* x, const int32_t* whole,
                                       int sub, __m256i (*dots)[T]) {
  constexpr PanelLayout kPanel = panel_layout(F);
  constexpr int kPieces = 8 / kPanel.n_subs;
  if constexpr (kPanel.is_signed) {
#pragma GCC unroll 4
    for (int t = 0; t < T; ++t) {
      dots[0][t] = load_bytes(unit + kPieceBytes * sub);
      dots[1][t] = load_bytes(unit + kPieceBytes * sub + kHalfBytes);
    }
  }
#pragma GCC unroll 8
  for (int g = kPieces * sub; g < kPieces * (sub + 1); ++g) {
    const __m256i upper = load_bytes(unit + kPanel.codes + kPieceBytes * g);
    const __m256i lower = load_bytes(unit + kPanel.codes + kPieceBytes * g + kHalfBytes);
#pragma GCC unroll 4
    for (int t = 0; t < T; ++t) {
      const __m256i q = broadcast_dword(x + 32 * t + 4 * g);
      if constexpr (kPanel.is_signed) {
        dots[0][t] = _mm256_add_epi16(dots[0][t], _mm256_maddubs_epi16(q, upper));
        dots[1][t] = _mm256_add_epi16(dots[1][t], _mm256_maddubs_epi16(q, lower));
      } else {
        const __m256i first = _mm256_maddubs_epi16(upper, q);
        const __m256i second = _mm256_maddubs_epi16(lower, q);
        dots[0][t] = g == 0 ? first : _mm256_add_epi16(dots[0][t], first);
        dots[1][t] = g == 0 ? second : _mm256_add_epi16(dots[1][t], second);
      }
      keep_order(dots[0][t]);
      keep_order(dots[1][t]);
    }
  }
  const __m256i ones = _mm256_set1_epi16(1);
#pragma GCC unroll 4
  for (int t = 0; t < T; ++t) {
    dots[0][t] = _mm256_madd_epi16(dots[0][t], ones);
    dots[1][t] = _mm256_madd_epi16(dots[1][t], ones);
    if constexpr (kPanel.whole != 0) {
      const __m256i more = broadcast_dword(whole + kUnits * t);
      dots[0][t] = _mm256_add_epi32(dots[0][t], more);
      dots[1][t] = _mm256_add_epi32(dots[1][t], more);
    }
  }
}

[[gnu::always_inline]] inline __m256 load_floats(const uint8_t* bytes) {
  return _mm256_load_ps(static_cast<const float*>(static_cast<const void*>(bytes)));
}

// A block of 32.
template <Format F, int T>
[[gnu::always_inline]] inline void add_block(const uint8_t* unit, const TokenTile& x, int64_t u,
                                             __m256 (*acc)[T]) {
  constexpr PanelLayout kPanel = panel_layout(F);
  __m256i dots[2][T];
  dot<F, T>(unit, x.codes[u][0], x.whole[0] + u, 0, dots);
#pragma GCC unroll 2
  for (int half = 0; half < 2; ++half) {
    const __m256 scale = load_floats(unit + kPanel.scales + kHalfBytes * half);
#pragma GCC unroll 4
    for (int t = 0; t < T; ++t) {
      const __m256 x_scale = _mm256_broadcast_ss(x.scales[t] + u);
      const __m256 dot = _mm256_cvtepi32_ps(dots[half][t]);
      acc[half][t] = _mm256_fmadd_ps(dot, _mm256_mul_ps(scale, x_scale), acc[half][t]);
      if constexpr (code_layout(F).mins == Mins::kBlock) {
        const __m256 offset = load_floats(unit + kPanel.offsets + kHalfBytes * half);
        const __m256 x_sum = _mm256_broadcast_ss(x.sums[t] + u);
        acc[half][t] = _mm256_fmadd_ps(x_sum, _mm256_mul_ps(offset, x_scale), acc[half][t]);
      }
    }
  }
}

// 128 k of a format with sub-blocks.
template <Format F, int T>
[[gnu::always_inline]] inline void add_group(const uint8_t* group, const TokenTile& x, int64_t i,
                                             __m256 (*acc)[T]) {
  constexpr PanelLayout kPanel = panel_layout(F);
  __m256 part[2][T];
#pragma GCC unroll 4
  for (int t = 0; t < T; ++t) part[0][t] = part[1][t] = _mm256_setzero_ps();
#pragma GCC unroll 1
  for (int u = 0; u < 4; ++u) {
    const uint8_t* const unit = group + kPanel.unit_bytes * u;
#pragma GCC unroll 2
    for (int sub = 0; sub < kPanel.n_subs; ++sub) {
      __m256i dots[2][T];
      dot<F, T>(unit, x.codes[4 * i + u][0], x.whole[0] + 4 * i + u, sub, dots);
#pragma GCC unroll 2
      for (int half = 0; half < 2; ++half) {
        const __m256 scale =
            load_floats(unit + kPanel.scales + kPieceBytes * sub + kHalfBytes * half);
#pragma GCC unroll 4
        for (int t = 0; t < T; ++t) {
          const __m256 dot = _mm256_cvtepi32_ps(dots[half][t]);
          part[half][t] = _mm256_fmadd_ps(dot, scale, part[half][t]);
        }
      }
    }
  }
#pragma GCC unroll 2
  for (int half = 0; half < 2; ++half) {
    const uint8_t* const mins = group + kPanel.mins + kHalfBytes * half;
#pragma GCC unroll 4
    for (int t = 0; t < T; ++t) {
      if constexpr (code_layout(F).mins == Mins::kInteger) {
        const int32_t* const pairs = x.pairs[t] + 4 * i;
        const __m256i even = _mm256_madd_epi16(load_bytes(mins), broadcast_dword(pairs));
        const __m256i odd =
            _mm256_madd_epi16(load_bytes(mins + kPieceBytes), broadcast_dword(pairs + 1));
        const __m256 sum = _mm256_cvtepi32_ps(_mm256_add_epi32(even, odd));
        part[half][t] = _mm256_fnmadd_ps(sum, load_floats(mins + 2 * kPieceBytes), part[half][t]);
      }
      const __m256 x_scale = _mm256_broadcast_ss(x.scales[t] + i);
      acc[half][t] = _mm256_fmadd_ps(part[half][t], x_scale, acc[half][t]);
    }
  }
}

// 16 rows and T tokens over a panel. Not inlined into the loops over tokens, where the compiler
// keeps too little in registers (Q4_K: 0.10 against 0.12 TMAC/s).
template <Format F, int T>
[[gnu::noinline]] void matmul_panel_q8_16(const uint8_t* group, int64_t n_groups,
                                          const TokenTile& x, const OutTile& out) {
  constexpr PanelLayout kPanel = panel_layout(F);
  __m256 acc[2][T];
#pragma GCC unroll 4
  for (int t = 0; t < T; ++t) {
    acc[0][t] = out.load(t, 0);
    acc[1][t] = out.load(t, 1);
  }
  for (int64_t i = 0; i < n_groups; ++i) {
    if constexpr (kPanel.group_units == 1) {
      add_block<F, T>(group, x, i, acc);
    } else {
      add_group<F, T>(group, x, i, acc);
    }
    group += kPanel.group_bytes;
  }
#pragma GCC unroll 4
  for (int t = 0; t < T; ++t) {
    out.store(t, 0, acc[0][t]);
    out.store(t, 1, acc[1][t]);
  }
}

// Asks for what the next tokens will need: their codes and the sums of a panel's rows, which lie in
// the second or third cache while a large prompt meets a panel.
inline void prefetch_tokens(const MatmulArgs& args, int64_t row, int64_t token, int64_t k,
                            int64_t size) {
  const int64_t end = token + 4 < args.n_tokens ? token + 4 : args.n_tokens;
  for (int64_t t = token; t < end; ++t) {
    const std::int8_t* const codes = args.x.codes + t * args.x.codes_stride + k;
    for (int64_t i = 0; i < size; i += 64) _mm_prefetch(codes + i, _MM_HINT_T0);
    const float* const out = args.out + t * args.out_stride + row;
    for (int i = 0; i < kPanelGroups; ++i) _mm_prefetch(out + kGroupRows * i, _MM_HINT_T0);
  }
}

// Rows row...row + 31 and elements k...k + size - 1 with all tokens.
template <Format F>
void add_panel(const MatmulArgs& args, int64_t row, int64_t k, int64_t size, Scratch& scratch) {
  constexpr CodeLayout kLayout = code_layout(F);
  constexpr int64_t kElements = 32 * kLayout.units;
  static_assert(fits_panel<F>());
  const int64_t tiles_of_k = args.k / kElements;
  const uint8_t* const weights = static_cast<const uint8_t*>(args.weights);
  const int64_t groups_left = (args.n_rows - row + kGroupRows - 1) / kGroupRows;
  const int n_panels = groups_left < kPanelGroups ? static_cast<int>(groups_left) : kPanelGroups;
  for (int p = 0; p < n_panels; ++p) {
    const int64_t tile = (row / kGroupRows + p) * tiles_of_k + k / kElements;
    unpack_panel<F>(weights + tile * kLayout.tile_bytes, size / kElements, scratch.panels[p]);
  }
  for_token_tiles(args.n_tokens, [&](auto count, int64_t token) {
    constexpr int kTokens = decltype(count)::kValue;
    prepare_tokens<F>(args.x, token, kTokens, k, size / 32, scratch.tokens);
    prefetch_tokens(args, row, token + kTokens, k, size);
    for (int p = 0; p < n_panels; ++p) {
      const OutTile out = out_tile(args, row + p * kGroupRows, token, k == 0);
      matmul_panel_q8_16<F, kTokens>(scratch.panels[p], size / x_group_of(F), scratch.tokens, out);
    }
  });
}

template <Format F>
void matmul_panel_as(const MatmulArgs& all, Scratch& scratch) {
  for_token_stretches(all, [&](const MatmulArgs& args) {
    for (int64_t row = 0; row < args.n_rows; row += kPanelGroups * kGroupRows) {
      for (int64_t k = 0; k < args.k; k += kPanelK) {
        const int64_t size = args.k - k < kPanelK ? args.k - k : kPanelK;
        add_panel<F>(args, row, k, size, scratch);
      }
    }
  });
}

}  // namespace

void matmul_panel(Format format, const MatmulArgs& args, void* scratch) {
  Scratch& memory = *static_cast<Scratch*>(scratch);
  switch (format) {
    case Format::kQ4_0:
      return matmul_panel_as<Format::kQ4_0>(args, memory);
    case Format::kQ4_1:
      return matmul_panel_as<Format::kQ4_1>(args, memory);
    case Format::kQ5_0:
      return matmul_panel_as<Format::kQ5_0>(args, memory);
    case Format::kQ5_1:
      return matmul_panel_as<Format::kQ5_1>(args, memory);
    case Format::kQ4_K:
      return matmul_panel_as<Format::kQ4_K>(args, memory);
    case Format::kQ5_K:
      return matmul_panel_as<Format::kQ5_K>(args, memory);
    case Format::kQ6_K:
      return matmul_panel_as<Format::kQ6_K>(args, memory);
    default:
      return;
  }
}

}  // namespace minnow::avx2
