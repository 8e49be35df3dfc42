// One chunk of attention: scores, exponentials and the weighted sum of values, a tile of queries at
// a time.
//
// Scratch: scores [12][256], later the weights p, and a panel [12][128] of queries: 18 KiB.
// Positions that a query does not see are computed nowhere but inside a vector of 16 scores, where
// they are replaced: what their slots hold (NaN, say) never matters. Queries of one tile may see
// different ranges: what all see is summed together, what only some see one query at a time, so
// that every query adds its positions in ascending order.
#pragma once

#include <cstdint>

#include "kernels/api/kernel_table.hpp"
#include "kernels/generic/functions.hpp"
#include "kernels/generic/products.hpp"

namespace minnow::generic {

// Bytes of scratch that attend and, with less, matmul_float need in any table.
inline constexpr int kFloatScratchBytes = 12 * (kChunkPositions + kBlockK) * 4;

struct Range {
  int begin;
  int end;
};

// Scores of one query: scale, soft cap, bias, for positions in whole vectors. Returns the largest
// visible one.
template <class L, class Visible>
[[gnu::always_inline]] inline float finish_scores(const AttendArgs& args, int query, Range groups,
                                                  const Visible& visible, float* scores) {
  const float* bias = args.bias != nullptr ? args.bias[query] : nullptr;
  const L none = L::set(-__builtin_inff());
  const L cap = L::set(args.softcap);
  L max = none;
  for (int i = groups.begin; i < groups.end; i += 16) {
    L score = L::load(scores + i) * L::set(args.scale);
    if (args.softcap != 0.0f) score = cap * tanh(score / cap);
    if (bias != nullptr) score = score + L::load(bias + i);
    score = visible(score, none, i);
    score.store(scores + i);
    max = L::max(score, max);
  }
  return L::max_lanes(max);
}

// The softmax of one query without its division. max becomes a NaN when the sum is one, so that no
// bad score is lost where chunks merge.
template <class L>
void attend_softmax(const AttendArgs& args, int query, Range range, float* scores) {
  if (range.begin >= range.end) {
    args.max[query] = -__builtin_inff();
    args.sum[query] = 0.0f;
    return;
  }
  constexpr float kIndices[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const L indices = L::load(kIndices);
  const auto visible = [&](L value, L otherwise, int i) __attribute__((always_inline)) {
    if (i >= range.begin && i + 16 <= range.end) return value;
    const L from = L::set(static_cast<float>(range.begin - i));
    const L to = L::set(static_cast<float>(range.end - i));
    const L inside = L::select(L::less_equal(from, indices), value, otherwise);
    return L::select(L::less(indices, to), inside, otherwise);
  };
  const Range groups{range.begin / 16 * 16, range.end};
  const float max = finish_scores<L>(args, query, groups, visible, scores);
  const L zero = L::set(0.0f);
  const L origin = L::set(max);
  L sums = zero;
  for (int i = groups.begin; i < groups.end; i += 16) {
    const L p = visible(exp(L::load(scores + i) - origin), zero, i);
    p.store(scores + i);
    sums = sums + p;
  }
  const float sum = L::sum_lanes(sums);
  args.max[query] = sum == sum ? max : sum;
  args.sum[query] = sum;
}

template <class Element>
struct ValueTile {
  const Element* values;   // [256, value_dim], from the tile's first column
  std::int64_t value_dim;  // elements between positions
  int columns;             // 1...15, for a PARTIAL tile
  const float* p;          // [queries, kChunkPositions]
  int n_queries;           // to write
  float* out;              // [n_queries, value_dim], from the tile's first column
};

// out = fma(p, values, out) for the positions of a range, in ascending order. PARTIAL: one vector
// that is not full.
template <class L, class Element, int QUERIES, int VECTORS, bool PARTIAL>
void value_tile(const ValueTile<Element>& tile, Range range) {
  L o[QUERIES][VECTORS];
  const int columns = PARTIAL ? tile.columns : 16;
  unrolled<QUERIES>([&](auto q) {
    const float* out = tile.out + (q < tile.n_queries ? q * tile.value_dim : 0);
    unrolled<VECTORS>([&](auto v) { o[q][v] = load_step<L>(out + 16 * v, columns); });
  });
  const Element* values = tile.values + range.begin * tile.value_dim;
  for (int i = range.begin; i < range.end; ++i, values += tile.value_dim) {
    L value[VECTORS];
    unrolled<VECTORS>([&](auto v) { value[v] = load_step<L>(values + 16 * v, columns); });
    unrolled<QUERIES>([&](auto q) {
      const L p = L::set(tile.p[q * kChunkPositions + i]);
      unrolled<VECTORS>([&](auto v) { o[q][v] = L::fma(p, value[v], o[q][v]); });
    });
  }
  unrolled<QUERIES>([&](auto q) {
    if (q < tile.n_queries) {
      float* out = tile.out + q * tile.value_dim;
      unrolled<VECTORS>([&](auto v) { store_step<L>(o[q][v], out + 16 * v, columns); });
    }
  });
}

// One tile's columns for all of its queries: from +0, what each sees before the common range, the
// common range, what each sees after it.
template <class L, class Element, int QUERIES, int VECTORS, bool PARTIAL = false>
void value_columns(const ValueTile<Element>& tile, const Range* ranges, Range common) {
  const auto alone = [&](int q, int begin, int end) {
    if (begin >= end) return;
    ValueTile<Element> one = tile;
    one.p += q * kChunkPositions;
    one.out += q * tile.value_dim;
    one.n_queries = 1;
    value_tile<L, Element, 1, VECTORS, PARTIAL>(one, {begin, end});
  };
  const int columns = PARTIAL ? tile.columns : 16 * VECTORS;
  for (int q = 0; q < tile.n_queries; ++q) {
    map<L>(
        tile.out + q * tile.value_dim, columns, tile.out + q * tile.value_dim,
        [](L) __attribute__((always_inline)) { return L::set(0.0f); });
    alone(q, ranges[q].begin, common.begin < ranges[q].end ? common.begin : ranges[q].end);
  }
  if (common.begin < common.end) value_tile<L, Element, QUERIES, VECTORS, PARTIAL>(tile, common);
  for (int q = 0; q < tile.n_queries; ++q) {
    alone(q, common.end > ranges[q].begin ? common.end : ranges[q].begin, ranges[q].end);
  }
}

// All columns: whole tiles, then halves of them; the last vector ends where the row ends and may
// compute some columns again, from +0, to the same bits. value_dim is at least 16.
template <class L, class Element, int QUERIES, int VECTORS = L::tile_vectors(QUERIES)>
void sum_values(ValueTile<Element> tile, int n_columns, const Range* ranges, Range common) {
  for (; n_columns >= 16 * VECTORS; n_columns -= 16 * VECTORS) {
    value_columns<L, Element, QUERIES, VECTORS>(tile, ranges, common);
    tile.values += 16 * VECTORS;
    tile.out += 16 * VECTORS;
  }
  if (n_columns == 0) return;
  if constexpr (VECTORS > 1) {
    sum_values<L, Element, QUERIES, VECTORS / 2>(tile, n_columns, ranges, common);
  } else {
    tile.values -= 16 - n_columns;
    tile.out -= 16 - n_columns;
    value_columns<L, Element, QUERIES, 1>(tile, ranges, common);
  }
}

template <class L, class Element>
void sum_values_of(const ValueTile<Element>& tile, const Range* ranges, Range common) {
  const int n = static_cast<int>(tile.value_dim);
  if (n < 16) {  // every query alone: nothing is common
    const Range nothing{kChunkPositions, kChunkPositions};
    return value_columns<L, Element, 1, 1, true>(tile, ranges, nothing);
  }
  if constexpr (L::kTileTokens >= 12) {
    if (tile.n_queries > 8) return sum_values<L, Element, 12>(tile, n, ranges, common);
    if (tile.n_queries > 6) return sum_values<L, Element, 8>(tile, n, ranges, common);
  }
  if constexpr (L::kTileTokens >= 6) {
    if (tile.n_queries > 4) return sum_values<L, Element, 6>(tile, n, ranges, common);
    if (tile.n_queries > 2) return sum_values<L, Element, 4>(tile, n, ranges, common);
    if (tile.n_queries > 1) return sum_values<L, Element, 2>(tile, n, ranges, common);
  }
  return sum_values<L, Element, 1>(tile, n, ranges, common);
}

// The queries first...first + n - 1.
template <class L, class Element>
void attend_tile(const AttendArgs& args, int first, int n, float* scores, float* panel) {
  Range ranges[L::kTileTokens];
  Range common{0, kChunkPositions};
  Range all{kChunkPositions, 0};
  for (int q = 0; q < n; ++q) {
    Range range{args.begin[first + q], args.end[first + q]};
    if (range.begin >= range.end) range = {0, 0};
    ranges[q] = range;
    common.begin = common.begin > range.begin ? common.begin : range.begin;
    common.end = common.end < range.end ? common.end : range.end;
    if (range.begin == range.end) continue;
    all.begin = all.begin < range.begin ? all.begin : range.begin;
    all.end = all.end > range.end ? all.end : range.end;
  }
  if (common.begin >= common.end) common = {kChunkPositions, kChunkPositions};
  if (all.begin < all.end) {
    const int from = all.begin / 16;
    DotTile<Element> dots{};
    dots.group_stride = static_cast<std::int64_t>(args.head_dim) * 16;
    dots.weights = static_cast<const Element*>(args.keys) + from * dots.group_stride;
    dots.n_tokens = n;
    dots.n_rows = ((all.end + 15) / 16 - from) * 16;
    dots.out = scores + from * 16;
    dots.out_stride = kChunkPositions;
    const auto row = [&](int q) { return args.queries[first + q]; };
    dot_rows<L>(dots, args.head_dim, row, panel);
  }
  for (int q = 0; q < n; ++q) {
    attend_softmax<L>(args, first + q, ranges[q], scores + q * kChunkPositions);
  }
  for (int q = n; q < padded_tokens(n); ++q) {
    map<L>(
        scores, kChunkPositions, scores + q * kChunkPositions,
        [](L) __attribute__((always_inline)) { return L::set(0.0f); });
  }
  ValueTile<Element> tile{};
  tile.values = static_cast<const Element*>(args.values);
  tile.value_dim = args.value_dim;
  tile.p = scores;
  tile.n_queries = n;
  tile.columns = args.value_dim;
  tile.out = args.out + static_cast<std::int64_t>(first) * args.value_dim;
  sum_values_of<L>(tile, ranges, common);
}

template <class L, class Element>
void attend_elements(const AttendArgs& args, float* scratch) {
  static_assert(L::kTileTokens <= 12, "kFloatScratchBytes");
  float* panel = scratch + L::kTileTokens * kChunkPositions;
  for (int first = 0; first < args.n_queries; first += L::kTileTokens) {
    const int left = args.n_queries - first;
    const int n = left < L::kTileTokens ? left : L::kTileTokens;
    attend_tile<L, Element>(args, first, n, scratch, panel);
  }
}

template <class L>
void attend(const AttendArgs& args, void* scratch) {
  float* floats = static_cast<float*>(scratch);
  if (args.type == KvType::kF32) attend_elements<L, float>(args, floats);
  if (args.type == KvType::kF16) attend_elements<L, Half>(args, floats);
}

}  // namespace minnow::generic
