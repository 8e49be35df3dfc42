#include "runtime/memory_estimate.hpp"

#include "model/weight_bindings.hpp"
#include "model/weight_loader.hpp"
#include "runtime/session.hpp"

namespace minnow {

Status estimate_memory(const Gguf& gguf, const Options& options, Runtime& runtime,
                       MemoryEstimate& out) {
  ModelConfig config;
  MINNOW_TRY(read_model_config(gguf, config));
  ModelWeights weights(&runtime.memory());
  BoundModel bound(&runtime.memory());
  MINNOW_TRY(bind_weights(gguf, config, weights, bound));
  ArenaPlan plan;
  MINNOW_TRY(plan_weights(bound, plan));
  SessionSize session;
  MINNOW_TRY(size_session(config, bound.token_embedding_format, options, runtime.table(),
                          runtime.pool().n_threads(), session));
  out.weights_bytes = plan.arena_bytes();
  out.mapped_bytes = bound.tied ? 0 : static_cast<std::size_t>(bound.token_embedding->n_bytes);
  out.session_bytes = session.arena_bytes;
  out.kv_bytes = session.kv_bytes;
  out.n_ctx = session.n_ctx;
  return {};
}

}  // namespace minnow
