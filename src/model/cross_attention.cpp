// A decoder's look at what its encoder gives: the keys and values of the encoder's states are
// computed once a text (Vaswani et al., "Attention Is All You Need", arXiv 1706.03762,
// section 3.2.3).
#include "model/decoder.hpp"
#include "ops/heads.hpp"
#include "ops/matmul.hpp"

namespace minnow {

void Decoder::read_source(const OpContext& context, const float* states, std::int64_t n,
                          const KvCache& source) {
  source_ = &source;
  n_source_ = n;
  for (std::int32_t i = 0; i < config_.n_layers; ++i) {
    const LayerWeights& layer = weights_.layers[static_cast<std::size_t>(i)];
    ActivationForms forms;
    forms.add(layer.cross_k);
    forms.add(layer.cross_v);
    set_rows(states, config_.n_embd, n);
    quantize_rows(context, forms);
    const Product products[] = {{layer.cross_k, {}, work_.k, config_.k_size()},
                                {layer.cross_v, {}, work_.v, config_.v_size()}};
    multiply(context, products, rows_);
    HeadStep heads{};  // no query yet, no norms, no rotation: keys and values are only stored
    heads.k = work_.k;
    heads.k_stride = config_.k_size();
    heads.v = work_.v;
    heads.v_stride = config_.v_size();
    heads.n_tokens = n;
    prepare_heads(context, heads, source.layer(i));
  }
}

Decoder::RowInput Decoder::cross_input(const LayerWeights& layer) const {
  RowInput input{{layer.cross_norm, {}}, {}};
  input.forms.add(layer.cross_q);
  return input;
}

// x += W_o attend(W_q rows, source); then the rows that the feed-forward reads.
void Decoder::cross_attention(const OpContext& context, std::int32_t index) {
  const LayerWeights& layer = weights_.layers[static_cast<std::size_t>(index)];
  const Product query[] = {{layer.cross_q, {}, work_.q, config_.q_size()}};
  multiply(context, query, rows_);

  AttentionStep step{};
  step.q = work_.q;
  step.q_stride = config_.q_size();
  step.out = work_.attended;
  step.out_stride = config_.attended_size();
  step.n_heads = config_.n_heads;
  step.n_tokens = n_tokens_;
  step.n_keys = n_source_;
  step.scale = config_.attention_scale;
  step.partials = work_.partials;
  attend(context, step, source_->layer(index));

  set_rows(work_.attended, config_.attended_size(), n_tokens_);
  ActivationForms output_forms;
  output_forms.add(layer.cross_output);
  quantize_rows(context, output_forms);
  const Product output[] = {{layer.cross_output, {}, work_.block_out, config_.n_embd}};
  multiply(context, output, rows_);
  add_block(context, {}, {}, feed_forward_input(layer));
}

}  // namespace minnow
