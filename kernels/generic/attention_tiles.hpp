// Register tiles of attention: queries times keys, and weights times values.
//
// Keys and values come from the cache as it is, or from a panel of floats that several tiles share.
// While a tile computes, it prefetches what comes next, so that decode reads at the speed of
// memory. Every sum keeps its order whatever the tile: scores add blocks of 128 elements of a head
// as in products.hpp, values add positions in ascending order.
#pragma once

#include <cstdint>

#include "kernels/api/kernel_table.hpp"
#include "kernels/generic/rows.hpp"

namespace minnow::generic {

inline constexpr int kHeadBlock = 128;        // elements of a head that a partial sum spans
inline constexpr int kPanelFloats = 1 << 14;  // 64 KiB: 8 groups of 16 keys by 128 elements

struct Range {
  int begin;
  int end;
};

// Memory that will be needed next; a tile passes as many bytes of it as it passes of its own. It is
// only prefetched, never read, so it may be anything.
struct Ahead {
  std::uintptr_t start;
  int vector_bytes;  // of 16 elements; 0: nothing to prefetch, start is in the cache

  std::uintptr_t step(int n_vectors) const {
    return static_cast<std::uintptr_t>(n_vectors * vector_bytes);
  }
};

inline Ahead nothing_ahead(const float* resident) {
  return {reinterpret_cast<std::uintptr_t>(resident), 0};
}

// The cache lines of some vectors of float16: the first is full. Into the first-level cache: a line
// that has to leave it again before it is used is in the second.
template <int VECTORS>
[[gnu::always_inline]] inline void prefetch(std::uintptr_t address) {
#pragma GCC unroll 4
  for (int line = 0; line < (VECTORS + 1) / 2; ++line)
    __builtin_prefetch(reinterpret_cast<const void*>(address + 64u * static_cast<unsigned>(line)));
}

template <class Element>
struct KeyTile {
  const Element* keys;        // [groups][n_elements][16 positions]
  std::int64_t group_stride;  // elements
  const float* queries;       // [queries, kHeadBlock]
  int n_elements;             // of the block, at most kHeadBlock
  bool first;                 // the first block: the scores hold nothing yet
  float* scores;              // [queries, kChunkPositions], from the first group's position
  Ahead ahead;
};

// scores += keys . queries over one block of elements.
template <class L, int QUERIES, int GROUPS, class Element>
void key_tile(const KeyTile<Element>& tile) {
  L p[QUERIES][GROUPS];
#pragma GCC unroll 12
  for (int q = 0; q < QUERIES; ++q)
#pragma GCC unroll 8
    for (int g = 0; g < GROUPS; ++g) p[q][g] = L::set(0.0f);
  const Element* keys = tile.keys;
  const float* x = tile.queries;
  std::uintptr_t ahead = tile.ahead.start;
  const std::uintptr_t step = tile.ahead.step(GROUPS);
  for (int i = 0; i < tile.n_elements; ++i, keys += 16, ++x, ahead += step) {
    L key[GROUPS];
#pragma GCC unroll 8
    for (int g = 0; g < GROUPS; ++g) key[g] = L::load(keys + g * tile.group_stride);
    prefetch<GROUPS>(ahead);
#pragma GCC unroll 12
    for (int q = 0; q < QUERIES; ++q) {
      const L value = L::set(x[q * kHeadBlock]);
#pragma GCC unroll 8
      for (int g = 0; g < GROUPS; ++g) p[q][g] = L::fma(key[g], value, p[q][g]);
    }
  }
#pragma GCC unroll 12
  for (int q = 0; q < QUERIES; ++q) {
    float* scores = tile.scores + q * kChunkPositions;
#pragma GCC unroll 8
    for (int g = 0; g < GROUPS; ++g) {
      const L acc = tile.first ? L::set(0.0f) : L::load(scores + 16 * g);
      (acc + p[q][g]).store(scores + 16 * g);
    }
  }
}

// All groups, as many at once as registers hold.
template <class L, int QUERIES, int GROUPS = L::tile_vectors(QUERIES), class Element>
void key_groups(KeyTile<Element> tile, int n_groups) {
  for (; n_groups >= GROUPS; n_groups -= GROUPS) {
    key_tile<L, QUERIES, GROUPS>(tile);
    tile.keys += GROUPS * tile.group_stride;
    tile.scores += 16 * GROUPS;
    tile.ahead.start += tile.ahead.step(GROUPS * tile.n_elements);
  }
  if constexpr (GROUPS > 1) {
    if (n_groups > 0) key_groups<L, QUERIES, GROUPS / 2>(tile, n_groups);
  }
}

template <class Element>
struct ValueTile {
  const Element* values;      // [positions, value_stride], from the tile's first column
  std::int64_t value_stride;  // elements
  const float* p;             // [queries, kChunkPositions], from the first position
  int n_positions;
  int n_columns;            // to write, of the last vector's 16 maybe fewer
  float* out;               // [queries, out_stride], from the tile's first column
  std::int64_t out_stride;  // elements
  Ahead ahead;
};

// out = fma(p, values, out), in ascending position. PARTIAL: a single vector that is not full.
template <class L, int QUERIES, int VECTORS, bool PARTIAL = false, class Element>
void value_tile(const ValueTile<Element>& tile) {
  static_assert(!PARTIAL || VECTORS == 1);
  const int columns = PARTIAL ? tile.n_columns : 16;
  L o[QUERIES][VECTORS];
#pragma GCC unroll 12
  for (int q = 0; q < QUERIES; ++q)
#pragma GCC unroll 8
    for (int v = 0; v < VECTORS; ++v)
      o[q][v] = load_step<L>(tile.out + q * tile.out_stride + 16 * v, columns);
  const Element* values = tile.values;
  const float* p = tile.p;
  std::uintptr_t ahead = tile.ahead.start;
  const std::uintptr_t step = tile.ahead.step(VECTORS);
  for (int i = 0; i < tile.n_positions; ++i) {
    L value[VECTORS];
#pragma GCC unroll 8
    for (int v = 0; v < VECTORS; ++v) value[v] = load_step<L>(values + 16 * v, columns);
    prefetch<VECTORS>(ahead);
#pragma GCC unroll 12
    for (int q = 0; q < QUERIES; ++q) {
      const L weight = L::set(p[q * kChunkPositions]);
#pragma GCC unroll 8
      for (int v = 0; v < VECTORS; ++v) o[q][v] = L::fma(weight, value[v], o[q][v]);
    }
    values += tile.value_stride;
    ahead += step;
    ++p;
  }
#pragma GCC unroll 12
  for (int q = 0; q < QUERIES; ++q)
#pragma GCC unroll 8
    for (int v = 0; v < VECTORS; ++v)
      store_step<L>(o[q][v], tile.out + q * tile.out_stride + 16 * v, columns);
}

// All columns, as many at once as registers hold.
template <class L, int QUERIES, int VECTORS = L::tile_vectors(QUERIES), class Element>
void value_columns(ValueTile<Element> tile) {
  for (; tile.n_columns >= 16 * VECTORS; tile.n_columns -= 16 * VECTORS) {
    value_tile<L, QUERIES, VECTORS>(tile);
    tile.values += 16 * VECTORS;
    tile.out += 16 * VECTORS;
    tile.ahead.start += tile.ahead.step(VECTORS * tile.n_positions);
  }
  if (tile.n_columns == 0) return;
  if constexpr (VECTORS > 1) {
    value_columns<L, QUERIES, VECTORS / 2>(tile);
  } else {
    value_tile<L, QUERIES, 1, true>(tile);
  }
}

// How many of n queries the next tile takes: the largest tile, but never a remainder that computes
// slowly, and exactly as many as there are at the end.
template <class L>
constexpr int next_queries(int n) {
  if constexpr (L::kTileTokens >= 12) return n >= 12 && n != 13 ? 12 : n <= 8 ? n : (n + 1) / 2;
  return n < L::kTileTokens ? n : L::kTileTokens;
}

// call.operator()<QUERIES>() for a number of queries that next_queries() gives.
template <class L, class Call, int QUERIES = L::kTileTokens>
void with_queries(int n_queries, const Call& call) {
  if constexpr (QUERIES > 1) {
    if (n_queries < QUERIES)
      return with_queries < L, Call, QUERIES == 12 ? 8 : QUERIES - 1 > (n_queries, call);
  }
  call.template operator()<QUERIES>();
}

template <class L, class Element>
struct KeyCall {
  const KeyTile<Element>& tile;
  int n_groups;
  template <int QUERIES>
  void operator()() const {
    key_groups<L, QUERIES>(tile, n_groups);
  }
};

template <class L, class Element>
struct ValueCall {
  const ValueTile<Element>& tile;
  template <int QUERIES>
  void operator()() const {
    value_columns<L, QUERIES>(tile);
  }
};

}  // namespace minnow::generic
