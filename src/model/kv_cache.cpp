#include "model/kv_cache.hpp"

#include <algorithm>

namespace minnow {

namespace {

std::int64_t chunks_for(std::int64_t n_positions) {
  return (n_positions + kChunkPositions - 1) / kChunkPositions;
}

KvLayer layer_of(const ModelConfig& config, const KvShape& shape, std::int32_t index) {
  KvLayer layer;
  layer.type = shape.type;
  layer.n_kv_heads = config.n_kv_heads;
  layer.head_dim = config.head_dim;
  layer.value_dim = config.value_dim;
  layer.n_slots = chunks_for(shape.n_ctx);
  if (config.has_window(index)) {
    // A stretch of n positions touches at most chunks_for(n) + 1 chunks.
    const std::int64_t reach = chunks_for(config.window + shape.n_batch) + 1;
    constexpr std::int64_t kSpare = 1;
    layer.n_slots = std::min(layer.n_slots, reach + kSpare);
  }
  return layer;
}

struct Offsets {
  std::size_t keys;
  std::size_t values;
};

// The only place where a layer's size is computed: for the estimate and for the cache itself.
Offsets reserve(const KvLayer& layer, ArenaPlan& plan) {
  const auto n_chunks = static_cast<std::size_t>(layer.n_kv_heads * layer.n_slots);
  const std::size_t keys =
      plan.reserve_elements(n_chunks, static_cast<std::size_t>(layer.keys_chunk_bytes()));
  const std::size_t values =
      plan.reserve_elements(n_chunks, static_cast<std::size_t>(layer.values_chunk_bytes()));
  return {keys, values};
}

}  // namespace

void KvCache::plan(const ModelConfig& config, const KvShape& shape, ArenaPlan& plan) {
  for (std::int32_t i = 0; i < config.n_layers; ++i) reserve(layer_of(config, shape, i), plan);
}

void KvCache::lay_out(const ModelConfig& config, const KvShape& shape, const Arena& arena,
                      ArenaPlan& cursor) {
  layers_.clear();
  layers_.reserve(static_cast<std::size_t>(config.n_layers));
  for (std::int32_t i = 0; i < config.n_layers; ++i) {
    KvLayer layer = layer_of(config, shape, i);
    const Offsets offsets = reserve(layer, cursor);
    layer.keys = arena.at(offsets.keys);
    layer.values = arena.at(offsets.values);
    layers_.push_back(layer);
  }
}

}  // namespace minnow
