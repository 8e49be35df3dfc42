// The feed-forward of a layer: gated or not (Shazeer, "GLU Variants", arXiv 2002.05202), or a
// mixture of several of which each token takes a few.
#include "model/decoder.hpp"
#include "ops/matmul.hpp"

namespace minnow {

Decoder::RowInput Decoder::feed_forward_input(const LayerWeights& layer) const {
  RowInput input{{layer.ffn_norm, layer.ffn_norm_bias}, {}};
  input.forms.add(layer.ffn_gate);
  input.forms.add(layer.ffn_up);
  input.forms.add(layer.router);
  return input;
}

// A parallel block reads x before attention is added. Without a norm of its own it reads what
// attention read, which is still in work.normed.
void Decoder::read_beside_attention(const OpContext& context, const LayerWeights& layer) {
  const RowInput input = feed_forward_input(layer);
  if (input.norm.weight) return make_rows(context, input);
  set_rows(work_.normed, config_.n_embd, n_tokens_);
  quantize_rows(context, input.forms);
}

void Decoder::feed_forward(const OpContext& context, std::int32_t index) {
  const LayerWeights& layer = weights_.layers[static_cast<std::size_t>(index)];
  if (layer.router) {
    mixture(context, layer);
    return;
  }
  run_feed_forward(context,
                   {layer.ffn_gate, layer.ffn_up, layer.ffn_down, layer.ffn_gate_bias,
                    layer.ffn_up_bias, layer.ffn_down_bias},
                   work_.block_out, first_matrix_after(index));
}

// What is multiplied first once layer `index` is done.
const WeightMatrix& Decoder::first_matrix_after(std::int32_t index) const {
  return index + 1 < config_.n_layers ? weights_.layers[static_cast<std::size_t>(index) + 1].attn_q
                                      : weights_.output;
}

void Decoder::run_feed_forward(const OpContext& context, const FeedForwardWeights& weights,
                               float* out, const WeightMatrix& next) {
  const std::int64_t n_hidden = weights.up.n_rows;
  GatedProduct gated{};
  gated.gate = weights.gate;
  gated.up = weights.up;
  gated.gate_bias = weights.gate_bias;
  gated.up_bias = weights.up_bias;
  gated.activation = config_.activation;
  gated.forms.add(weights.down);
  ActivationRows hidden = float_rows(work_.hidden, n_hidden, rows_.n_tokens);
  lay_out(work_.hidden_codes, work_.hidden_codes, hidden);
  // Corrections read floats, and so do float weights.
  const bool is_quantised = gated.forms.any() && context.adapters == nullptr;
  if (is_quantised) {
    gated.quantised = &hidden;
  } else {
    gated.out = work_.hidden;
    gated.out_stride = n_hidden;
  }
  if (!multiply_gated(context, gated, rows_, weights.down)) finite_.store(false);
  rows_ = hidden;
  if (!is_quantised) quantize_rows(context, gated.forms);
  const Product down[] = {{weights.down, weights.down_bias, out, config_.n_embd}};
  multiply(context, down, rows_, next);
}

// Jiang et al., "Mixtral of Experts" (arXiv 2401.04088).
void Decoder::mixture(const OpContext& context, const LayerWeights& layer) {
  const MixtureBuffers& buffers = work_.mixture;
  const float* const input = rows_.values;
  const Product router[] = {{layer.router, {}, buffers.logits, config_.n_experts}};
  multiply(context, router, rows_);
  const MixtureStep step{n_tokens_,      config_.n_experts,          config_.n_experts_used,
                         config_.n_embd, config_.normalises_experts, config_.expert_scale};
  if (!choose_experts(context, step, buffers)) finite_.store(false);

  ActivationForms forms;
  forms.add(layer.expert_gate);
  forms.add(layer.expert_up);
  for (std::int32_t e = 0; e < config_.n_experts; ++e) {
    const std::int32_t first = buffers.first_row[e];
    const std::int32_t n_rows = buffers.first_row[e + 1] - first;
    if (n_rows == 0) continue;
    gather_rows(context, step, buffers, e, input);
    set_rows(buffers.x, config_.n_embd, n_rows);
    quantize_rows(context, forms);
    run_feed_forward(context,
                     {expert_of(layer.expert_gate, e),
                      expert_of(layer.expert_up, e),
                      expert_of(layer.expert_down, e),
                      {},
                      {},
                      {}},
                     buffers.out + std::int64_t{first} * config_.n_embd);
  }
  combine_experts(context, step, buffers, work_.block_out);
  if (layer.shared_up) shared_expert(context, layer, step, input);
}

// block_out += sigmoid(W_g input) * the shared expert's output.
void Decoder::shared_expert(const OpContext& context, const LayerWeights& layer,
                            const MixtureStep& step, const float* input) {
  const MixtureBuffers& buffers = work_.mixture;  // all of it is free again
  ActivationForms forms;
  forms.add(layer.shared_router);
  forms.add(layer.shared_gate);
  forms.add(layer.shared_up);
  set_rows(input, config_.n_embd, n_tokens_);
  quantize_rows(context, forms);
  const Product router[] = {{layer.shared_router, {}, buffers.logits, 1}};
  multiply(context, router, rows_);
  run_feed_forward(context, {layer.shared_gate, layer.shared_up, layer.shared_down, {}, {}, {}},
                   buffers.x);
  add_gated(context, step, buffers.logits, buffers.x, work_.block_out);
}

}  // namespace minnow
