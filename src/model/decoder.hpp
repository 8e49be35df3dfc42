// Decoder: the transformer itself, one for all architectures. Vaswani et al., "Attention Is All You
// Need" (arXiv 1706.03762), in the forms of its descendants. What differs between models comes from
// ModelConfig (numbers), ModelWeights (which tensors are there) and the ArchTraits row.
// Attention is in decoder.cpp, the feed-forward in feed_forward.cpp, the look at an encoder's
// states in cross_attention.cpp. The same layers, seeing the whole text, are an encoder
// (encoder.hpp).
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>

#include "base/status.hpp"
#include "base/token.hpp"
#include "model/kv_cache.hpp"
#include "model/model_config.hpp"
#include "model/model_weights.hpp"
#include "model/workspace.hpp"
#include "ops/attend.hpp"
#include "ops/op_context.hpp"

namespace minnow {

class Decoder {
 public:
  // All references must outlive the decoder. Computes the rope frequencies into the workspace.
  Decoder(const ModelConfig& config, const ModelWeights& weights, const KvCache& cache,
          Workspace& work);

  // Reads up to work.n_batch tokens at positions first, first + 1, ...: fills the cache and leaves
  // each token's last hidden state in work.x. kCancelled: nothing below `first` has changed.
  // kContextFull: the model has no positions beyond. kNumeric names the layer where a value became
  // infinite or not a number.
  Status forward(const OpContext& context, std::span<const Token> tokens, std::int64_t first);

  // The same for one token in each of several sequences, at most work.n_batch: row i is tokens[i]
  // at rows[i].position of the sequence whose keys and values rows[i].cache keeps. All have the
  // same rope factors as this decoder's own, and no encoder.
  struct Row {
    const KvCache* cache;
    std::int64_t position;
  };
  Status forward_rows(const OpContext& context, std::span<const Token> tokens,
                      std::span<const Row> rows);

  // Of models that tell segments apart: tokens from this position on are of the second one.
  void set_second_segment(std::int64_t position) { second_segment_ = position; }

  // out [n, n_embd]: the states of rows [first, first + n) of the last pass as the head reads them.
  void final_states(const OpContext& context, std::int64_t first, std::int64_t n, float* out);

  // Of models with an encoder: takes its states [n, n_embd], n at most work.n_batch, as what the
  // layers look at from now on; `source` keeps their keys and values.
  void read_source(const OpContext& context, const float* states, std::int64_t n,
                   const KvCache& source);

  // Logits of the first out.size() rows of the last pass, each into [n_vocab] of its own.
  Status compute_logits_of_rows(const OpContext& context, std::span<float* const> out);

  // Logits of rows [first, first + n) of the last pass, n at most work.n_logits, into work.logits
  // [n, n_vocab].
  Status compute_logits(const OpContext& context, std::int64_t first, std::int64_t n);

  // Only what a request asks for of the logits of one row (ops/screen.hpp), into work.screen; the
  // first row of work.logits is lost. Not decided where the head is not split or is adapted.
  Status screen_logits(const OpContext& context, std::int64_t row, const ScreenRequest& request,
                       ScreenResult& out);

 private:
  struct FeedForwardWeights {
    WeightMatrix gate;  // none: act(up) alone
    WeightMatrix up;
    WeightMatrix down;
    VectorView gate_bias;
    VectorView up_bias;
    VectorView down_bias;
  };

  struct RowNorm {
    VectorView weight;  // none: no norm
    VectorView bias;
  };
  // What products read of work.x.
  struct RowInput {
    RowNorm norm;
    ActivationForms forms;
  };

  std::span<const float> rope_factors() const;
  // Consecutive tokens of one sequence: rows [row, row + n_tokens) of the pass.
  struct Stretch {
    const KvCache* cache;
    std::int64_t first;  // position of the first token
    std::int64_t row;
    std::int64_t n_tokens;
  };
  template <class Body>
  void for_each_stretch(const Body& body) const;

  Status run_layers(const OpContext& context, std::span<const Token> tokens);
  Status check_positions(std::int64_t end) const;
  void begin_rows(const OpContext& context, std::span<const Token> tokens);
  void embed_token(const OpContext& context, Token token, std::int64_t position, std::int64_t row,
                   std::byte* scratch) const noexcept;
  void prepare_angles(std::int64_t position, std::int64_t row) const noexcept;
  static bool is_adapted(const OpContext& context, const WeightMatrix& weights);

  // The steps of a layer.
  std::optional<RowInput> attention_input(std::int32_t index) const;
  void attention(const OpContext& context, std::int32_t index);
  void project_heads(const OpContext& context, const LayerWeights& layer);
  void store_heads(const OpContext& context, std::int32_t index, const Stretch& stretch);
  void attend_heads(const OpContext& context, std::int32_t index, const Stretch& stretch);
  float* relative_values(std::int32_t index) const;
  void cross_attention(const OpContext& context, std::int32_t index);
  RowInput cross_input(const LayerWeights& layer) const;
  // The keys and values of a layer. An encoder needs them no longer than the layer takes.
  const KvLayer& kept(std::int32_t index, const Stretch& stretch) const {
    return stretch.cache->layer(config_.causal ? index : 0);
  }
  RowInput feed_forward_input(const LayerWeights& layer) const;
  void read_beside_attention(const OpContext& context, const LayerWeights& layer);
  void feed_forward(const OpContext& context, std::int32_t index);
  const WeightMatrix& first_matrix_after(std::int32_t index) const;
  void mixture(const OpContext& context, const LayerWeights& layer);
  void shared_expert(const OpContext& context, const LayerWeights& layer, const MixtureStep& step,
                     const float* input);
  // out [rows, n_embd] = W_down (act(W_gate rows) * W_up rows), of the rows that are set.
  // `next`: what is multiplied after it, if known.
  void run_feed_forward(const OpContext& context, const FeedForwardWeights& weights, float* out,
                        const WeightMatrix& next = {});

  // The input of the next products.
  void set_rows(const float* values, std::int64_t k, std::int64_t n_tokens);
  void quantize_rows(const OpContext& context, const ActivationForms& forms);
  void set_input(const RowInput& input);
  void make_row(const OpContext& context, const RowInput& input, std::int64_t t) noexcept;
  void make_rows(const OpContext& context, const RowInput& input);
  void norm(const KernelTable& table, const float* x, const RowNorm& by, float* y) const noexcept;
  void add_block(const OpContext& context, const VectorView& post_norm, const RowNorm& sum_norm,
                 const std::optional<RowInput>& next);
  void prepare_head(const OpContext& context, std::int64_t first, std::int64_t n);
  Status check_head(const OpContext& context) const;
  void finish_logits(const KernelTable& table, float* logits) const;

  const ModelConfig& config_;
  const ModelWeights& weights_;
  const KvCache& cache_;
  Workspace& work_;
  std::int64_t n_tokens_ = 0;    // of the pass that runs
  std::int64_t first_ = 0;       // position of its first token, when they are of one sequence
  std::span<const Row> of_row_;  // where its tokens belong, when they are of several
  ActivationRows rows_;          // input of the next products
  std::int64_t second_segment_ = std::numeric_limits<std::int64_t>::max();
  const KvCache* source_ = nullptr;
  std::int64_t n_source_ = 0;  // positions of it
  std::atomic<bool> finite_{true};
};

}  // namespace minnow
