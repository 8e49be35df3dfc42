// Pooler: makes one vector of the states of a text's tokens, or a score, or leaves them as they
// are. States come in ascending positions, in batches of any size, and give the same bits for all
// sizes (arithmetic.md, "Pooling").
#pragma once

#include <cstdint>

#include "base/arena.hpp"
#include "base/status.hpp"
#include "model/model_config.hpp"
#include "model/model_weights.hpp"
#include "model/workspace.hpp"
#include "ops/op_context.hpp"

namespace minnow {

// A text as vectors; a view into the session.
struct Embedding {
  const float* values = nullptr;  // [n_rows, n_embd]
  std::int64_t n_rows = 0;        // tokens where nothing is pooled, otherwise 1
  std::int64_t n_embd = 0;
};

class Pooler {
 public:
  // Adds what texts of up to n_ctx tokens need to the plan.
  static void plan(const ModelConfig& config, Pooling kind, std::int64_t n_ctx, ArenaPlan& plan);

  // normalises: vectors get length one; scores never do. All references must outlive the pooler.
  Pooler(const ModelConfig& config, const ModelWeights& weights, Workspace& work, Pooling kind,
         bool normalises, const Arena& arena, ArenaPlan& cursor);

  Pooling kind() const { return kind_; }

  void begin();
  // states [n, n_embd] of the next n tokens.
  void add(const KernelTable& table, const float* states, std::int64_t n);
  // At least one token was added. kUnsupported: a score is asked for and the file has no
  // classifier. kNumeric: a value is infinite or not a number.
  Status finish(const OpContext& context, Embedding& out);

 private:
  struct Pieces {
    float* rows;    // [n_ctx or 1, n_embd] the states or their sum
    float* hidden;  // [most of the layers behind]
    float* out;     // [embedding_size]
  };
  static Pieces reserve(const ModelConfig& config, Pooling kind, std::int64_t n_ctx,
                        ArenaPlan& plan, const Arena* arena);

  // out = weights x (+ bias), of one row.
  bool product(const OpContext& context, const WeightMatrix& weights, const VectorView& bias,
               const float* x, float* out);
  Status score(const OpContext& context, Embedding& out);
  void to_unit_length(const KernelTable& table, float* x, std::int64_t n) const;

  const ModelConfig& config_;
  const ModelWeights& weights_;
  Workspace& work_;
  const Pooling kind_;
  const bool normalises_;
  const Pieces pieces_;
  std::int64_t n_tokens_ = 0;
};

}  // namespace minnow
