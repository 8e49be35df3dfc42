#include "model/kv_cache.hpp"

namespace minnow {

namespace {

KvLayer shape_of_layer(const ModelConfig& config, std::int64_t n_ctx, KvType type) {
  KvLayer layer;
  layer.type = type;
  layer.n_kv_heads = config.n_kv_heads;
  layer.head_dim = config.head_dim;
  layer.value_dim = config.value_dim;
  layer.n_slots = (n_ctx + kChunkPositions - 1) / kChunkPositions;
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

void KvCache::plan(const ModelConfig& config, std::int64_t n_ctx, KvType type, ArenaPlan& plan) {
  const KvLayer layer = shape_of_layer(config, n_ctx, type);
  for (std::int32_t i = 0; i < config.n_layers; ++i) reserve(layer, plan);
}

void KvCache::lay_out(const ModelConfig& config, std::int64_t n_ctx, KvType type,
                      const Arena& arena, ArenaPlan& cursor) {
  layers_.assign(static_cast<std::size_t>(config.n_layers), shape_of_layer(config, n_ctx, type));
  for (KvLayer& layer : layers_) {
    const Offsets offsets = reserve(layer, cursor);
    layer.keys = arena.at(offsets.keys);
    layer.values = arena.at(offsets.values);
  }
}

}  // namespace minnow
