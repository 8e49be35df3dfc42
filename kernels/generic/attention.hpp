// One chunk of attention: scores, exponentials and the weighted sum of values, a batch of queries
// at a time.
//
// Where queries fill more than one tile, keys and values are converted to a panel of floats once
// for all of them; otherwise the tile converts them in registers. Positions that a query does not
// see are computed nowhere but inside a vector of 16 scores, where they are replaced: what their
// slots hold (NaN, say) never matters. Queries of one tile may see different ranges: what all see
// is summed together, what only some see one query at a time, so that every query adds its
// positions in ascending order.
#pragma once

#include <cstdint>

#include "kernels/api/kernel_table.hpp"
#include "kernels/generic/attention_tiles.hpp"
#include "kernels/generic/functions.hpp"
#include "kernels/generic/kv_panel.hpp"
#include "kernels/generic/rows.hpp"

namespace minnow::generic {

inline constexpr int kBatchQueries = 48;
inline constexpr int kBatchElements = 48 * 256;  // of the batch's queries, in blocks of kHeadBlock
inline constexpr int kFewQueries = 12;           // as decode has: memory is what takes time
inline constexpr int kAheadBytes = 16 << 10;     // how far ahead of its use memory is prefetched
inline constexpr int kMostAheadGroups = 4;  // and not farther than these groups of 16 positions

// Bytes of scratch that attend needs in any table.
inline constexpr int kAttendScratchBytes =
    (kBatchQueries * kChunkPositions + kBatchElements + kPanelFloats) * 4;

// Queries of one kernel call that lie in scratch together.
struct Batch {
  int first;  // of the call's queries
  int n;
  const Range* ranges;  // [n], {0, 0} for a query that sees nothing
  Range seen;           // by any of them
  float* scores;        // [n, kChunkPositions], later the weights p
  float* queries;       // [blocks of the head][n, kHeadBlock]
  float* panel;         // [kPanelFloats]
};

[[gnu::always_inline]] inline int smaller(int a, int b) {
  return a < b ? a : b;
}
[[gnu::always_inline]] inline int larger(int a, int b) {
  return a > b ? a : b;
}

// What any of some queries see.
static inline Range union_of(const Range* ranges, int n) {
  Range all{kChunkPositions, 0};
  for (int q = 0; q < n; ++q) {
    if (ranges[q].begin == ranges[q].end) continue;
    all.begin = smaller(all.begin, ranges[q].begin);
    all.end = larger(all.end, ranges[q].end);
  }
  return all;
}

// What all of some queries see.
static inline Range common_of(const Range* ranges, int n) {
  Range common{0, kChunkPositions};
  for (int q = 0; q < n; ++q) {
    common.begin = larger(common.begin, ranges[q].begin);
    common.end = smaller(common.end, ranges[q].end);
  }
  if (common.begin >= common.end) return {kChunkPositions, kChunkPositions};
  return common;
}

// How many groups of 16 positions lie between what is computed and what is prefetched.
template <class Kv>
int groups_ahead(int dim) {
  return larger(1, smaller(kMostAheadGroups, kAheadBytes / (dim * Kv::kVectorBytes)));
}

// -- scores ---------------------------------------------------------------------------------------

template <class L>
void copy_queries(const AttendArgs& args, const Batch& batch) {
  float* out = batch.queries;
  for (int begin = 0; begin < args.head_dim; begin += kHeadBlock) {
    const int n = smaller(kHeadBlock, args.head_dim - begin);
    for (int q = 0; q < batch.n; ++q, out += kHeadBlock) {
      map<L>(
          args.queries[batch.first + q] + begin, n, out,
          [](L value) __attribute__((always_inline)) { return value; });
    }
  }
}

// The batch's queries against some groups of keys, without the tiles that see nothing of them.
template <class L, class Element>
void score_groups(const Batch& batch, KeyTile<Element> tile, Range groups) {
  for (int q = 0; q < batch.n;) {
    const int n = next_queries<L>(batch.n - q);
    const Range seen = union_of(batch.ranges + q, n);
    if (seen.begin < 16 * groups.end && seen.end > 16 * groups.begin) {
      with_queries<L>(n, KeyCall<L, Element>{tile, groups.end - groups.begin});
      tile.ahead = nothing_ahead(tile.queries);  // once is enough
    }
    q += n;
    tile.queries += n * kHeadBlock;
    tile.scores += n * kChunkPositions;
  }
}

// One block of the head for some groups: as the keys are, or through a panel.
template <class L, bool DIRECT, class Kv>
void score_block(const Batch& batch, const Kv& kv, Range groups, int element, KeyTile<float> tile) {
  if constexpr (DIRECT) {
    using Element = typename Kv::Type;
    score_groups<L>(batch,
                    KeyTile<Element>{kv.key(groups.begin, element), kv.head_dim * 16, tile.queries,
                                     tile.n_elements, tile.first, tile.scores, tile.ahead},
                    groups);
  } else {
    for (int g = groups.begin; g < groups.end; ++g) {
      kv.template convert_keys<L>(g, element, tile.n_elements,
                                  batch.panel + (g - groups.begin) * kHeadBlock * 16);
    }
    tile.keys = batch.panel;
    tile.group_stride = kHeadBlock * 16;
    score_groups<L>(batch, tile, groups);
  }
}

// As many groups at a time as a tile takes, each block of the head after the other.
template <class L, bool DIRECT, class Kv>
void score_keys(const AttendArgs& args, const Batch& batch, const Kv& kv) {
  const Range all{batch.seen.begin / 16, (batch.seen.end + 15) / 16};
  const int tile_groups = L::tile_vectors(next_queries<L>(batch.n));
  // Two vectors of sums for each query are enough to wait for memory.
  const int most = smaller(tile_groups, larger(2, groups_ahead<Kv>(args.head_dim)));
  const int n_ahead = larger(most, groups_ahead<Kv>(args.head_dim));
  for (int group = all.begin; group < all.end; group += most) {
    const Range groups{group, smaller(group + most, all.end)};
    for (int element = 0; element < args.head_dim; element += kHeadBlock) {
      KeyTile<float> tile{};
      tile.queries = batch.queries + std::int64_t{element} * batch.n;
      tile.n_elements = smaller(kHeadBlock, args.head_dim - element);
      tile.first = element == 0;
      tile.scores = batch.scores + group * 16;
      const int next = group + n_ahead;
      tile.ahead = {next < all.end ? kv.key_address(next)
                                   : kv.value_address(batch.seen.begin + 16 * (next - all.end)),
                    Kv::kVectorBytes};
      tile.ahead.start += tile.ahead.step(most * element);
      score_block<L, DIRECT>(batch, kv, groups, element, tile);
    }
  }
}

// -- softmax --------------------------------------------------------------------------------------

// Lanes of positions i...i + 15 that a query does not see get `otherwise`.
template <class L>
[[gnu::always_inline]] inline L hide(L value, Range range, int i, L otherwise) {
  constexpr float kIndices[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const L indices = L::load(kIndices);
  const L from = L::set(static_cast<float>(range.begin - i));
  const L to = L::set(static_cast<float>(range.end - i));
  const L inside = L::select(L::less_equal(from, indices), value, otherwise);
  return L::select(L::less(indices, to), inside, otherwise);
}

// Scores of one query: scale, soft cap, bias, for positions in whole vectors. Returns the largest
// visible one.
template <class L>
float finish_scores(const AttendArgs& args, int query, Range range, float* scores) {
  const float* bias = args.bias != nullptr ? args.bias[query] : nullptr;
  const L none = L::set(-__builtin_inff());
  const L cap = L::set(args.softcap);
  L max = none;
  for (int i = range.begin / 16 * 16; i < range.end; i += 16) {
    L score = L::load(scores + i) * L::set(args.scale);
    if (args.softcap != 0.0f) score = cap * tanh(score / cap);
    if (bias != nullptr) score = score + L::load(bias + i);
    if (i < range.begin || i + 16 > range.end) score = hide(score, range, i, none);
    score.store(scores + i);
    max = L::max(score, max);
  }
  return L::max_lanes(max);
}

// The weights of N queries that see the same vectors of positions: independent sums keep the units
// busy that one sum would leave waiting.
template <class L, int N>
void exponentiate(const AttendArgs& args, int query, const Range* ranges, float* scores) {
  const L zero = L::set(0.0f);
  L origin[N];
  L sums[N];
  int inner_begin = 0;
  int inner_end = kChunkPositions;
#pragma GCC unroll 2
  for (int q = 0; q < N; ++q) {
    origin[q] = L::set(args.max[query + q]);
    sums[q] = zero;
    inner_begin = larger(inner_begin, ranges[q].begin);
    inner_end = smaller(inner_end, ranges[q].end);
  }
  for (int i = ranges[0].begin / 16 * 16; i < ranges[0].end; i += 16) {
    const bool edge = i < inner_begin || i + 16 > inner_end;
#pragma GCC unroll 2
    for (int q = 0; q < N; ++q) {
      L p = exp(L::load(scores + q * kChunkPositions + i) - origin[q]);
      if (edge) p = hide(p, ranges[q], i, zero);
      p.store(scores + q * kChunkPositions + i);
      sums[q] = sums[q] + p;
    }
  }
#pragma GCC unroll 2
  for (int q = 0; q < N; ++q) args.sum[query + q] = L::sum_lanes(sums[q]);
}

inline bool same_vectors(Range a, Range b) {
  return a.begin / 16 == b.begin / 16 && (a.end + 15) / 16 == (b.end + 15) / 16 &&
         a.begin < a.end && b.begin < b.end;
}

// The softmax of all queries without its division. max becomes a NaN when the sum is one, so that
// no bad score is lost where chunks merge.
template <class L>
void attend_softmax(const AttendArgs& args, const Batch& batch) {
  for (int q = 0; q < batch.n; ++q) {
    args.max[batch.first + q] = finish_scores<L>(args, batch.first + q, batch.ranges[q],
                                                 batch.scores + q * kChunkPositions);
  }
  for (int q = 0; q < batch.n;) {
    const Range* ranges = batch.ranges + q;
    float* scores = batch.scores + q * kChunkPositions;
    if (q + 1 < batch.n && same_vectors(ranges[0], ranges[1])) {
      exponentiate<L, 2>(args, batch.first + q, ranges, scores);
      q += 2;
    } else {
      exponentiate<L, 1>(args, batch.first + q, ranges, scores);
      q += 1;
    }
  }
  for (int q = batch.first; q < batch.first + batch.n; ++q) {
    if (args.sum[q] != args.sum[q]) args.max[q] = args.sum[q];
  }
}

// -- values ---------------------------------------------------------------------------------------

// Some columns of the values at some positions: as they are, or in the panel.
template <class Element>
struct ValueBlock {
  const Element* values;  // of the first position
  std::int64_t stride;    // elements
  Range positions;
  int column;
  int n_columns;
  Ahead ahead;
};

// A tile's queries against the positions of `range` that lie in the block.
template <class L, class Element>
void add_values(const AttendArgs& args, const Batch& batch, const ValueBlock<Element>& block,
                int query, int n_queries, Range range) {
  const int begin = larger(range.begin, block.positions.begin);
  const int end = smaller(range.end, block.positions.end);
  if (begin >= end) return;
  ValueTile<Element> tile{};
  tile.values = block.values + (begin - block.positions.begin) * block.stride;
  tile.value_stride = block.stride;
  tile.p = batch.scores + query * kChunkPositions + begin;
  tile.n_positions = end - begin;
  tile.n_columns = block.n_columns;
  tile.out = args.out + std::int64_t{batch.first + query} * args.value_dim + block.column;
  tile.out_stride = args.value_dim;
  tile.ahead = block.ahead;
  with_queries<L>(n_queries, ValueCall<L, Element>{tile});
}

// All queries against a block: what each of a tile sees before the tile's common range, the common
// range, what each sees after it.
template <class L, class Element>
void add_block_of_values(const AttendArgs& args, const Batch& batch, ValueBlock<Element> block) {
  for (int q = 0; q < batch.n;) {
    const int n = next_queries<L>(batch.n - q);
    const Range* ranges = batch.ranges + q;
    const Range common = common_of(ranges, n);
    for (int i = 0; i < n; ++i) {
      const Range before{ranges[i].begin, smaller(common.begin, ranges[i].end)};
      add_values<L>(args, batch, block, q + i, 1, before);
    }
    add_values<L>(args, batch, block, q, n, common);
    for (int i = 0; i < n; ++i) {
      const Range after{larger(common.end, ranges[i].begin), ranges[i].end};
      add_values<L>(args, batch, block, q + i, 1, after);
    }
    block.ahead = nothing_ahead(batch.panel);
    q += n;
  }
}

template <class L, bool DIRECT, class Kv>
void sum_values(const AttendArgs& args, const Batch& batch, const Kv& kv) {
  constexpr int kColumns = 256;
  for (int column = 0; column < args.value_dim; column += kColumns) {
    const int n_columns = smaller(kColumns, args.value_dim - column);
    const int stride = (n_columns + 15) / 16 * 16;
    const int fits = smaller(kPanelFloats / stride, kChunkPositions);
    const bool few = DIRECT && args.n_queries <= kFewQueries;
    const int most = few ? 16 * groups_ahead<Kv>(args.value_dim) : fits;
    for (int begin = batch.seen.begin; begin < batch.seen.end; begin += most) {
      const Range positions{begin, smaller(begin + most, batch.seen.end)};
      const bool more = positions.end < batch.seen.end || args.next_keys == nullptr;
      const Ahead ahead{
          more ? kv.value_address(positions.end) : reinterpret_cast<std::uintptr_t>(args.next_keys),
          Kv::kVectorBytes};
      if constexpr (DIRECT) {
        add_block_of_values<L>(args, batch,
                               ValueBlock<typename Kv::Type>{kv.value(begin, column), kv.value_dim,
                                                             positions, column, n_columns, ahead});
      } else {
        for (int i = begin; i < positions.end; ++i) {
          kv.template convert_values<L>(i, column, n_columns, batch.panel + (i - begin) * stride);
        }
        add_block_of_values<L>(
            args, batch,
            ValueBlock<float>{batch.panel, stride, positions, column, n_columns, ahead});
      }
    }
  }
}

// -- all of it ------------------------------------------------------------------------------------

template <class L, bool DIRECT, class Kv>
void attend_batch(const AttendArgs& args, const Batch& batch, const Kv& kv) {
  const bool any = batch.seen.begin < batch.seen.end;
  if (any) {
    copy_queries<L>(args, batch);
    score_keys<L, DIRECT>(args, batch, kv);
  }
  attend_softmax<L>(args, batch);
  float* out = args.out + std::int64_t{batch.first} * args.value_dim;
  map<L>(
      out, std::int64_t{batch.n} * args.value_dim, out,
      [](L) __attribute__((always_inline)) { return L::set(0.0f); });
  if (any) sum_values<L, DIRECT>(args, batch, kv);
}

// Batches of at most `most` queries, so that their scores stay in the first-level cache.
template <class L, bool DIRECT, class Kv>
void attend_batches(const AttendArgs& args, const Kv& kv, int most, float* scratch) {
  Range ranges[kBatchQueries];
  Batch batch{};
  batch.ranges = ranges;
  batch.scores = scratch;
  batch.queries = batch.scores + kBatchQueries * kChunkPositions;
  batch.panel = batch.queries + kBatchElements;
  for (batch.first = 0; batch.first < args.n_queries; batch.first += batch.n) {
    const int left = args.n_queries - batch.first;
    batch.n = DIRECT ? next_queries<L>(left) : smaller(most, left);
    for (int q = 0; q < batch.n; ++q) {
      const Range range{args.begin[batch.first + q], args.end[batch.first + q]};
      ranges[q] = range.begin < range.end ? range : Range{0, 0};
    }
    batch.seen = union_of(ranges, batch.n);
    attend_batch<L, DIRECT>(args, batch, kv);
  }
}

template <class L, class Kv>
void attend_as(const AttendArgs& args, float* scratch) {
  const Kv kv(args.keys, args.values, args.head_dim, args.value_dim);
  const int blocks = (args.head_dim + kHeadBlock - 1) / kHeadBlock;
  const int most = smaller(kBatchQueries, kBatchElements / (blocks * kHeadBlock));
  if constexpr (Kv::kIsPlain) {
    if (args.n_queries < 4 * L::kTileTokens || !L::kConvertsOnce) {
      return attend_batches<L, true>(args, kv, most, scratch);
    }
  }
  attend_batches<L, false>(args, kv, most, scratch);
}

template <class L>
void attend(const AttendArgs& args, void* scratch) {
  float* floats = static_cast<float*>(scratch);
  if (args.type == KvType::kF32) attend_as<L, PlainKv<float>>(args, floats);
  if (args.type == KvType::kF16) attend_as<L, PlainKv<Half>>(args, floats);
  if (args.type == KvType::kQ8_0) attend_as<L, Q8Kv>(args, floats);
}

}  // namespace minnow::generic
