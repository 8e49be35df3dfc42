#include "model/encoder.hpp"

namespace minnow {

namespace {

ModelConfig one_layer(const ModelConfig& config) {
  ModelConfig one = config;
  one.n_layers = 1;
  return one;
}

}  // namespace

void Encoder::plan(const ModelConfig& config, std::int64_t n_ctx, ArenaPlan& plan) {
  KvCache::plan(one_layer(config), {n_ctx, n_ctx, KvType::kF32}, plan);
}

Encoder::Encoder(const ModelConfig& config, const ModelWeights& weights, Workspace& work,
                 const Arena& arena, ArenaPlan& cursor, std::pmr::memory_resource* memory)
    : config_(config.encoder()),
      work_(work),
      cache_(memory),
      layers_(config_, weights.encoder ? *weights.encoder : weights, cache_, work) {
  cache_.lay_out(one_layer(config), {work.n_ctx, work.n_ctx, KvType::kF32}, arena, cursor);
}

Status Encoder::encode(const OpContext& context, std::span<const Token> tokens,
                       std::int64_t second_segment) {
  layers_.set_second_segment(second_segment);
  MINNOW_TRY(layers_.forward(context, tokens, 0));
  layers_.final_states(context, 0, static_cast<std::int64_t>(tokens.size()), work_.normed);
  return {};
}

}  // namespace minnow
