#include "ops/attend.hpp"

#include <algorithm>
#include <atomic>

namespace minnow {

namespace {

constexpr std::int32_t kMostQueries = 96;  // queries that one kernel call takes
constexpr std::int32_t kTileQueries = 12;  // what kernels like: a multiple of this
constexpr std::int64_t kItemsPerThread = 4;

constexpr std::int64_t divide_up(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

// A rectangle of work: some heads of one KV head for some consecutive tokens.
struct Tile {
  std::int64_t kv_head;
  std::int32_t first_head;
  std::int32_t n_heads;
  std::int64_t first_token;
  std::int32_t n_tokens;
  std::int32_t n_queries() const { return n_heads * n_tokens; }
};

// How a step is cut into tiles.
struct Cut {
  std::int32_t group;  // query heads of a KV head
  std::int32_t heads_per_tile;
  std::int32_t tokens_per_tile;
  std::int64_t tiles_per_group;  // head tiles of a KV head
  std::int64_t token_tiles;
  std::int64_t n_tiles;

  Cut(const AttentionStep& step, const KvLayer& cache, std::int32_t most_heads) {
    group = step.n_heads / cache.n_kv_heads;
    heads_per_tile = std::min({group, most_heads, kMostQueries});
    tiles_per_group = divide_up(group, heads_per_tile);
    set_tokens(step, cache, 1);
  }

  void set_tokens(const AttentionStep& step, const KvLayer& cache, std::int32_t n_tokens) {
    tokens_per_tile = n_tokens;
    token_tiles = divide_up(step.n_tokens, tokens_per_tile);
    n_tiles = cache.n_kv_heads * tiles_per_group * token_tiles;
  }

  // As many tokens a tile as a kernel call takes, in whole register tiles if that is possible, but
  // few enough that every thread gets some tiles.
  void set_many_tokens(const AttentionStep& step, const KvLayer& cache, int n_threads) {
    const std::int64_t head_tiles = cache.n_kv_heads * tiles_per_group;
    const std::int64_t wanted = divide_up(kItemsPerThread * n_threads, head_tiles);
    const auto enough = static_cast<std::int32_t>(
        std::clamp<std::int64_t>(step.n_tokens / wanted, 1, kMostQueries / heads_per_tile));
    std::int32_t even = enough;
    while (even > 1 && even * heads_per_tile % kTileQueries != 0) --even;
    set_tokens(step, cache, 2 * even >= enough ? even : enough);
  }

  Tile tile(const AttentionStep& step, std::int64_t i) const {
    Tile tile;
    // Late tokens see the most positions: they come first, so that the last items are short.
    const std::int64_t token_tile = token_tiles - 1 - i / (n_tiles / token_tiles);
    const std::int64_t head_tile = i % (n_tiles / token_tiles);
    tile.kv_head = head_tile / tiles_per_group;
    const auto first = static_cast<std::int32_t>(head_tile % tiles_per_group) * heads_per_tile;
    tile.first_head = static_cast<std::int32_t>(tile.kv_head) * group + first;
    tile.n_heads = std::min(heads_per_tile, group - first);
    tile.first_token = token_tile * tokens_per_tile;
    tile.n_tokens = static_cast<std::int32_t>(
        std::min<std::int64_t>(tokens_per_tile, step.n_tokens - tile.first_token));
    return tile;
  }
};

struct Range {
  std::int64_t begin;
  std::int64_t end;
};

Range visible(const AttentionStep& step, std::int64_t token) {
  const std::int64_t position = step.first_position + token;
  if (step.n_keys > 0) {
    if (step.window == 0) return {0, step.n_keys};
    const std::int64_t reach = step.window / 2;
    return {std::clamp<std::int64_t>(position - reach, 0, step.n_keys),
            std::min(position + reach + 1, step.n_keys)};
  }
  const std::int64_t begin =
      step.window > 0 ? std::max<std::int64_t>(0, position - step.window + 1) : 0;
  return {begin, position + 1};
}

// Results of one chunk for up to kMostQueries queries.
struct Partial {
  float* max;  // [n_queries]
  float* sum;  // [n_queries]
  float* out;  // [n_queries, value_dim]
};

Partial partial_at(float* memory, std::int32_t n_queries) {
  return {memory, memory + n_queries, memory + 2 * n_queries};
}

// next: the chunk that this thread is likely to attend to after this one.
void attend_chunk(const KernelTable& table, const AttentionStep& step, const KvLayer& cache,
                  const Tile& tile, std::int64_t chunk, std::int64_t next, const Partial& result,
                  std::byte* scratch) noexcept {
  const float* queries[kMostQueries];
  std::int32_t begin[kMostQueries];
  std::int32_t end[kMostQueries];
  const float* bias[kMostQueries];
  const std::int64_t start = chunk * kChunkPositions;
  std::int32_t n = 0;
  for (std::int32_t t = 0; t < tile.n_tokens; ++t) {
    const Range range = visible(step, tile.first_token + t);
    const auto clip = [&](std::int64_t p) {
      return static_cast<std::int32_t>(std::clamp<std::int64_t>(p - start, 0, kChunkPositions));
    };
    for (std::int32_t h = 0; h < tile.n_heads; ++h, ++n) {
      queries[n] = step.q + (tile.first_token + t) * step.q_stride +
                   std::int64_t{tile.first_head + h} * cache.head_dim;
      begin[n] = clip(range.begin);
      end[n] = std::max(begin[n], clip(range.end));
      if (step.bias.values != nullptr)
        bias[n] = step.bias.values + (tile.first_head + h) * step.bias.head_stride +
                  step.bias.zero + start - (step.first_position + tile.first_token + t);
    }
  }
  AttendArgs args{};
  args.type = cache.type;
  args.keys = cache.keys_chunk(tile.kv_head, chunk);
  args.values = cache.values_chunk(tile.kv_head, chunk);
  args.head_dim = cache.head_dim;
  args.value_dim = cache.value_dim;
  args.n_queries = n;
  args.queries = queries;
  args.begin = begin;
  args.end = end;
  args.bias = step.bias.values != nullptr ? bias : nullptr;
  args.scale = step.scale;
  args.softcap = step.softcap;
  args.max = result.max;
  args.sum = result.sum;
  args.out = result.out;
  args.next_keys = cache.keys_chunk(tile.kv_head, next);
  table.attend(args, scratch);
}

float* output_of(const AttentionStep& step, const KvLayer& cache, const Tile& tile,
                 std::int32_t query) {
  return step.out + (tile.first_token + query / tile.n_heads) * step.out_stride +
         std::int64_t{tile.first_head + query % tile.n_heads} * cache.value_dim;
}

void merge_queries(const KernelTable& table, const Partial& into, const Partial& from,
                   std::int32_t n_queries, std::int32_t value_dim) noexcept {
  for (std::int32_t i = 0; i < n_queries; ++i) {
    const std::int64_t row = std::int64_t{i} * value_dim;
    table.merge(into.max + i, into.sum + i, into.out + row, from.max + i, from.sum + i,
                from.out + row, value_dim);
  }
}

void finish_queries(const KernelTable& table, const AttentionStep& step, const KvLayer& cache,
                    const Tile& tile, const Partial& result) noexcept {
  for (std::int32_t i = 0; i < tile.n_queries(); ++i)
    table.finish(result.out + std::int64_t{i} * cache.value_dim, result.sum[i], cache.value_dim,
                 output_of(step, cache, tile, i));
}

std::int64_t first_chunk(const AttentionStep& step, std::int64_t first_token) {
  return visible(step, first_token).begin / kChunkPositions;
}
std::int64_t last_chunk(const AttentionStep& step, std::int64_t last_token) {
  return (visible(step, last_token).end - 1) / kChunkPositions;
}

// A tile from its first chunk to its last, on one thread.
void attend_tile(const KernelTable& table, const AttentionStep& step, const KvLayer& cache,
                 const Tile& tile, std::byte* scratch) noexcept {
  std::byte* const kernel_scratch = scratch;
  auto* const memory = reinterpret_cast<float*>(scratch + (table.scratch_bytes + 63) / 64 * 64);
  const std::int64_t n_floats = std::int64_t{kMostQueries} * (cache.value_dim + 2);
  const Partial result = partial_at(memory, kMostQueries);
  const Partial next = partial_at(memory + n_floats, kMostQueries);
  const std::int64_t first = first_chunk(step, tile.first_token);
  const std::int64_t last = last_chunk(step, tile.first_token + tile.n_tokens - 1);
  for (std::int64_t chunk = first; chunk <= last; ++chunk) {
    attend_chunk(table, step, cache, tile, chunk, std::min(chunk + 1, last),
                 chunk == first ? result : next, kernel_scratch);
    if (chunk != first) merge_queries(table, result, next, tile.n_queries(), cache.value_dim);
  }
  finish_queries(table, step, cache, tile, result);
}

// Decode: few queries, so chunks are split over the threads. Who computes the last chunk of a tile
// merges them all, in order, so that nobody waits for a step of its own.
void attend_split(const OpContext& context, const AttentionStep& step, const KvLayer& cache,
                  const Cut& cut, std::int64_t first, std::int64_t n_chunks) noexcept {
  const KernelTable& table = *context.table;
  const std::int64_t floats_per_tile = std::int64_t{cut.heads_per_tile} * (cache.value_dim + 2);
  auto* const n_left = reinterpret_cast<std::int32_t*>(step.partials);  // [n_tiles]
  float* const partials = step.partials + step.n_heads;
  std::fill(n_left, n_left + cut.n_tiles, static_cast<std::int32_t>(n_chunks));
  const auto partial_of = [&](std::int64_t tile, std::int64_t chunk) {
    return partial_at(partials + (tile * n_chunks + chunk) * floats_per_tile, cut.heads_per_tile);
  };
  context.for_each(cut.n_tiles * n_chunks, [&](int worker, std::int64_t item) {
    const std::int64_t i = item / n_chunks;
    const Tile tile = cut.tile(step, i);
    const std::int64_t at = item % n_chunks;
    attend_chunk(table, step, cache, tile, first + at, first + (at + 1) % n_chunks,
                 partial_of(i, at), context.scratch_of(worker));
    if (std::atomic_ref<std::int32_t>(n_left[i]).fetch_sub(1, std::memory_order_acq_rel) > 1)
      return;
    const Partial result = partial_of(i, 0);
    for (std::int64_t chunk = 1; chunk < n_chunks; ++chunk)
      merge_queries(table, result, partial_of(i, chunk), tile.n_queries(), cache.value_dim);
    finish_queries(table, step, cache, tile, result);
  });
}

}  // namespace

std::size_t attention_scratch_bytes(const KernelTable& table, std::int32_t value_dim) {
  const std::size_t partials =
      2 * sizeof(float) * kMostQueries * (static_cast<std::size_t>(value_dim) + 2);
  return (table.scratch_bytes + 63) / 64 * 64 + (partials + 63) / 64 * 64;
}

std::int64_t attention_partials(std::int64_t n_ctx, std::int32_t n_heads, std::int32_t value_dim) {
  // Twice, because head tiles of a KV head need not divide its heads evenly.
  // Beside them a counter a tile.
  return (divide_up(n_ctx, kChunkPositions) + 1) * 2 * n_heads * (value_dim + 2) + n_heads;
}

void attend(const OpContext& context, const AttentionStep& step, const KvLayer& cache) noexcept {
  if (step.n_tokens == 1 && step.partials != nullptr) {
    // Cut the heads of a KV head apart only as far as all threads get something to do.
    const std::int64_t first = first_chunk(step, 0);
    const std::int64_t n_chunks = last_chunk(step, 0) - first + 1;
    const std::int64_t wanted = divide_up(context.pool->n_threads(), cache.n_kv_heads * n_chunks);
    const std::int64_t group = step.n_heads / cache.n_kv_heads;
    const Cut cut(step, cache,
                  static_cast<std::int32_t>(std::max<std::int64_t>(1, group / wanted)));
    attend_split(context, step, cache, cut, first, n_chunks);
    return;
  }
  Cut cut(step, cache, kMostQueries);
  cut.set_many_tokens(step, cache, context.pool->n_threads());
  context.for_each(cut.n_tiles, [&](int worker, std::int64_t item) {
    attend_tile(*context.table, step, cache, cut.tile(step, item), context.scratch_of(worker));
  });
}

}  // namespace minnow
