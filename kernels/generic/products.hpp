// Products of matrices with lane = output: float weights times float rows, and keys times queries.
//
// An output is a sum over k in ascending order, in blocks of 128: p from +0 by fma, then acc = acc
// + p, from +0. A tile holds TOKENS x GROUPS vectors of p in registers, loads and converts a weight
// vector once for its tokens, and adds p to the outputs in memory when a block ends. Which tile an
// output falls into never changes its bits.
#pragma once

#include <cstdint>

#include "kernels/generic/half.hpp"
#include "kernels/generic/rows.hpp"
#include "kernels/generic/unrolled.hpp"

namespace minnow::generic {

inline constexpr int kBlockK = 128;
inline constexpr int kPanelGroups = 8;  // 128 rows of float16 by 128 k: what stays in the L1 cache

// The numbers of tokens that a tile is made for; a tile with fewer computes some in vain.
[[gnu::always_inline]] constexpr int padded_tokens(int n) {
  return n <= 2 ? n : n <= 4 ? 4 : n <= 6 ? 6 : n <= 8 ? 8 : 12;
}

template <class Element>
struct DotTile {
  const Element* weights;     // [groups][k][16 rows]
  std::int64_t group_stride;  // elements
  const float* x;             // [tokens, kBlockK], or one row of k elements for one token
  std::int64_t k;             // at most kBlockK for more than one token
  bool first;                 // the outputs hold nothing yet
  int n_tokens;               // to write
  int n_rows;                 // to write
  float* out;                 // [n_tokens, n_rows]
  std::int64_t out_stride;    // elements
};

// Where p goes at the end of a block: out += p, or 0 + p.
struct BlockEnd {
  float* out;               // [n_tokens, n_rows]
  std::int64_t out_stride;  // elements
  bool first;
  int n_tokens;
  int n_rows;
};

// Of a tile at the edge of the outputs; p: [n_tokens][groups][16]. A function of its own, in loops:
// written into every tile, edges took three times the bytes of the tiles' arithmetic.
template <class L>
[[gnu::noinline]] void add_edge(const float* p, int groups, const BlockEnd& end) {
  for (int t = 0; t < end.n_tokens; ++t, p += 16 * groups) {
    float* out = end.out + t * end.out_stride;
    for (int row = 0; row < end.n_rows && row < 16 * groups; row += 16) {
      const int n = end.n_rows - row < 16 ? end.n_rows - row : 16;
      const L acc = end.first ? L::set(0.0f) : L::load_first(out + row, n);
      (acc + L::load(p + row)).store_first(out + row, n);
    }
  }
}

template <class L, int TOKENS, int GROUPS>
[[gnu::always_inline]] inline void add_block(const L (&p)[TOKENS][GROUPS], const BlockEnd& end) {
  if (end.n_tokens < TOKENS || end.n_rows < 16 * GROUPS) {
    float edge[TOKENS][GROUPS][16];
    unrolled<TOKENS>([&](auto t) { unrolled<GROUPS>([&](auto g) { p[t][g].store(edge[t][g]); }); });
    return add_edge<L>(edge[0][0], GROUPS, end);
  }
  unrolled<TOKENS>([&](auto t) {
    unrolled<GROUPS>([&](auto g) {
      float* out = end.out + t * end.out_stride + 16 * g;
      const L acc = end.first ? L::set(0.0f) : L::load(out);
      (acc + p[t][g]).store(out);
    });
  });
}

template <class L, class Element, int TOKENS, int GROUPS>
void dot_tile(const DotTile<Element>& tile) {
  for (std::int64_t begin = 0; begin < tile.k; begin += kBlockK) {
    const std::int64_t end = tile.k - begin < kBlockK ? tile.k : begin + kBlockK;
    L p[TOKENS][GROUPS];
    unrolled<TOKENS>([&](auto t) { unrolled<GROUPS>([&](auto g) { p[t][g] = L::set(0.0f); }); });
    const Element* weights = tile.weights + begin * 16;
    const float* x = tile.x + begin;
    for (std::int64_t i = begin; i < end; ++i, weights += 16, ++x) {
      L w[GROUPS];
      unrolled<GROUPS>([&](auto g) { w[g] = L::load(weights + g * tile.group_stride); });
      unrolled<TOKENS>([&](auto t) {
        const L value = L::set(x[t * kBlockK]);
        unrolled<GROUPS>([&](auto g) { p[t][g] = L::fma(w[g], value, p[t][g]); });
      });
    }
    add_block<L, TOKENS, GROUPS>(
        p, {tile.out, tile.out_stride, tile.first && begin == 0, tile.n_tokens, tile.n_rows});
  }
}

// All groups of the rows of a tile, as many at once as the registers hold; the rest, which are only
// the last rows of a matrix, one by one.
template <class L, class Element, int TOKENS, int GROUPS = L::tile_vectors(TOKENS)>
void dot_groups(DotTile<Element> tile) {
  while (tile.n_rows > 16 * (GROUPS - 1)) {
    dot_tile<L, Element, TOKENS, GROUPS>(tile);
    tile.weights += GROUPS * tile.group_stride;
    tile.out += 16 * GROUPS;
    tile.n_rows -= 16 * GROUPS;
  }
  if constexpr (GROUPS > 1) {
    if (tile.n_rows > 0) dot_groups<L, Element, TOKENS, 1>(tile);
  }
}

template <class L, class Element>
void dot_tokens(const DotTile<Element>& tile) {
  if constexpr (L::kTileTokens >= 12) {
    if (tile.n_tokens > 8) return dot_groups<L, Element, 12>(tile);
    if (tile.n_tokens > 6) return dot_groups<L, Element, 8>(tile);
  }
  if constexpr (L::kTileTokens >= 6) {
    if (tile.n_tokens > 4) return dot_groups<L, Element, 6>(tile);
    if (tile.n_tokens > 2) return dot_groups<L, Element, 4>(tile);
    if (tile.n_tokens > 1) return dot_groups<L, Element, 2>(tile);
  }
  return dot_groups<L, Element, 1>(tile);
}

// Copies k elements of each row into the panel [padded tokens][kBlockK].
template <class L, class Row>
[[gnu::always_inline]] inline void fill_panel(const Row& row, int n_tokens, std::int64_t begin,
                                              std::int64_t k, float* panel) {
  const int n_padded = padded_tokens(n_tokens);
  for (int t = 0; t < n_padded; ++t) {
    const float* x = row(t < n_tokens ? t : n_tokens - 1) + begin;
    map<L>(x, k, panel + t * kBlockK, [](L value) { return value; });
  }
}

// out[t, r] for n_tokens (at most kTileTokens) rows of x against n_rows rows of weights.
// row(t): where row t of x starts. panel: room for [12][kBlockK] floats.
template <class L, class Element, class Row>
void dot_rows(DotTile<Element> tile, std::int64_t k, const Row& row, float* panel) {
  if (tile.n_tokens == 1) {
    tile.x = row(0);
    tile.k = k;
    tile.first = true;
    return dot_tokens<L>(tile);
  }
  tile.x = panel;
  const Element* weights = tile.weights;
  for (std::int64_t begin = 0; begin < k; begin += kBlockK) {
    tile.k = k - begin < kBlockK ? k - begin : kBlockK;
    tile.first = begin == 0;
    tile.weights = weights + begin * 16;
    fill_panel<L>(row, tile.n_tokens, begin, tile.k, panel);
    dot_tokens<L>(tile);
  }
}

}  // namespace minnow::generic
