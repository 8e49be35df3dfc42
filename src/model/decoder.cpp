#include "model/decoder.hpp"

#include <algorithm>

#include "ops/adapter.hpp"
#include "ops/attend.hpp"
#include "ops/embed.hpp"
#include "ops/heads.hpp"
#include "ops/matmul.hpp"
#include "ops/relative_positions.hpp"
#include "ops/rope_table.hpp"

namespace minnow {

Decoder::Decoder(const ModelConfig& config, const ModelWeights& weights, const KvCache& cache,
                 Workspace& work)
    : config_(config), weights_(weights), cache_(cache), work_(work) {
  const std::span<const float> factors = rope_factors();
  rope_frequencies(config.n_rot, config.rope_base, config.rope_scaling, factors, work.frequencies);
  rope_frequencies(config.n_rot, config.window_rope_base, config.window_rope_scaling,
                   config.arch->scales_window_rope ? factors : std::span<const float>{},
                   work.window_frequencies);
  for (std::int32_t i = 0; i < config.n_layers && config.n_relative_buckets > 0; ++i) {
    const VectorView& weights_of_layer = weights.layers[static_cast<std::size_t>(i)].relative_bias;
    if (weights_of_layer)
      expand_relative_bias(weights_of_layer.data, config.n_relative_buckets, !config.causal,
                           work.n_ctx, config.n_heads, relative_values(i));
  }
}

// Two sets of factors: by the length of the session, not of its text, so that keys stay valid as
// the text grows.
std::span<const float> Decoder::rope_factors() const {
  const VectorView& factors = !weights_.rope_factors_long         ? weights_.rope_factors
                              : work_.n_ctx > config_.n_ctx_short ? weights_.rope_factors_long
                                                                  : weights_.rope_factors_short;
  return {factors.data, static_cast<std::size_t>(factors.n)};
}

// All rows of a pass, as stretches that lie together.
template <class Body>
void Decoder::for_each_stretch(const Body& body) const {
  if (of_row_.empty()) {
    body(Stretch{&cache_, first_, 0, n_tokens_});
    return;
  }
  for (std::int64_t row = 0; row < n_tokens_; ++row) {
    const Row& place = of_row_[static_cast<std::size_t>(row)];
    body(Stretch{place.cache, place.position, row, 1});
  }
}

Status Decoder::check_positions(std::int64_t end) const {
  if (!weights_.positions || end <= config_.n_ctx_train) return {};
  return error(StatusCode::kContextFull, "the model knows ", config_.n_ctx_train,
               " positions; position ", end - 1, " is beyond");
}

Status Decoder::forward(const OpContext& context, std::span<const Token> tokens,
                        std::int64_t first) {
  n_tokens_ = static_cast<std::int64_t>(tokens.size());
  first_ = first;
  of_row_ = {};
  MINNOW_TRY(check_positions(first + n_tokens_));
  return run_layers(context, tokens);
}

Status Decoder::forward_rows(const OpContext& context, std::span<const Token> tokens,
                             std::span<const Row> rows) {
  n_tokens_ = static_cast<std::int64_t>(tokens.size());
  first_ = rows.empty() ? 0 : rows[0].position;
  of_row_ = rows;
  for (const Row& row : rows) MINNOW_TRY(check_positions(row.position + 1));
  return run_layers(context, tokens);
}

Status Decoder::run_layers(const OpContext& context, std::span<const Token> tokens) {
  finite_.store(true);
  begin_rows(context, tokens);
  for (std::int32_t index = 0; index < config_.n_layers; ++index) {
    const LayerWeights& layer = weights_.layers[static_cast<std::size_t>(index)];
    attention(context, index);
    const RowNorm sum_norm = {layer.attn_sum_norm, layer.attn_sum_norm_bias};
    if (config_.parallel_block) {
      read_beside_attention(context, layer);
      add_block(context, layer.attn_post_norm, sum_norm, std::nullopt);
    } else if (layer.cross_q) {
      add_block(context, layer.attn_post_norm, sum_norm, cross_input(layer));
      cross_attention(context, index);
    } else {
      add_block(context, layer.attn_post_norm, sum_norm, feed_forward_input(layer));
    }
    feed_forward(context, index);
    add_block(context, layer.ffn_post_norm, {layer.ffn_sum_norm, layer.ffn_sum_norm_bias},
              attention_input(index + 1));
    if (context.cancel != nullptr && context.cancel->load(std::memory_order_relaxed))
      return error(StatusCode::kCancelled, "cancelled while reading tokens at position ", first_);
    if (!finite_.load(std::memory_order_relaxed))
      return error(StatusCode::kNumeric, "layer ", index, ": a value is infinite or not a number (",
                   n_tokens_, " tokens from position ", first_,
                   "); the weights are damaged or overflow");
  }
  return {};
}

// All that comes before the first layer's products, a token at a time.
void Decoder::begin_rows(const OpContext& context, std::span<const Token> tokens) {
  const std::optional<RowInput> input = attention_input(0);
  if (input) set_input(*input);
  for_each_token_on(context, n_tokens_, [&](int worker, std::int64_t row) {
    const auto i = static_cast<std::size_t>(row);
    const std::int64_t position = of_row_.empty() ? first_ + row : of_row_[i].position;
    embed_token(context, tokens[i], position, row, context.scratch_of(worker));
    prepare_angles(position, row);
    if (input) make_row(context, *input, row);
  });
}

void Decoder::embed_token(const OpContext& context, Token token, std::int64_t position,
                          std::int64_t row, std::byte* scratch) const noexcept {
  float* const x = work_.x + row * config_.n_embd;
  embed(*context.table, weights_.tokens, token, config_.embedding_scale, scratch, x);
  if (weights_.positions)
    context.table->add(x, weights_.positions.data + position * config_.n_embd, config_.n_embd, x);
  if (weights_.token_types) {
    const bool second = position >= second_segment_ && config_.n_token_types > 1;
    context.table->add(x, weights_.token_types.data + (second ? config_.n_embd : 0), config_.n_embd,
                       x);
  }
  if (weights_.embedding_norm)
    norm(*context.table, x, {weights_.embedding_norm, weights_.embedding_norm_bias}, x);
}

void Decoder::prepare_angles(std::int64_t position, std::int64_t row) const noexcept {
  const auto half_rot = static_cast<std::size_t>(config_.n_rot / 2);
  const std::int64_t offset = row * (config_.n_rot / 2);
  rope_angles({work_.frequencies, half_rot}, config_.rope_scaling.attention_factor, position, 1,
              work_.cos + offset, work_.sin + offset);
  if (config_.window > 0)
    rope_angles({work_.window_frequencies, half_rot}, config_.window_rope_scaling.attention_factor,
                position, 1, work_.window_cos + offset, work_.window_sin + offset);
}

// What attention reads in layer `index`; nothing behind the last one.
std::optional<Decoder::RowInput> Decoder::attention_input(std::int32_t index) const {
  if (index == config_.n_layers) return std::nullopt;
  RowInput input{};
  const LayerWeights& layer = weights_.layers[static_cast<std::size_t>(index)];
  input.norm = {layer.attn_norm, layer.attn_norm_bias};
  input.forms.add(layer.attn_q);
  input.forms.add(layer.attn_k);
  input.forms.add(layer.attn_v);
  return input;
}

// W_o attend(rope(W_q rows), rope(W_k rows), W_v rows), into block_out.
void Decoder::attention(const OpContext& context, std::int32_t index) {
  const LayerWeights& layer = weights_.layers[static_cast<std::size_t>(index)];
  project_heads(context, layer);
  for_each_stretch([&](const Stretch& stretch) { store_heads(context, index, stretch); });
  for_each_stretch([&](const Stretch& stretch) { attend_heads(context, index, stretch); });
  set_rows(work_.attended, config_.attended_size(), n_tokens_);
  ActivationForms forms;
  forms.add(layer.attn_output);
  quantize_rows(context, forms);
  const Product output[] = {
      {layer.attn_output, layer.attn_output_bias, work_.block_out, config_.n_embd}};
  multiply(context, output, rows_, layer.ffn_gate ? layer.ffn_gate : layer.ffn_up);
}

void Decoder::project_heads(const OpContext& context, const LayerWeights& layer) {
  const Product products[] = {
      {layer.attn_q, layer.attn_q_bias, work_.q, config_.q_size()},
      {layer.attn_k, layer.attn_k_bias, work_.k, config_.k_size()},
      {layer.attn_v, layer.attn_v_bias, work_.v, config_.v_size()},
  };
  multiply(context, products, rows_, layer.attn_output);
}

void Decoder::store_heads(const OpContext& context, std::int32_t index, const Stretch& stretch) {
  const LayerWeights& layer = weights_.layers[static_cast<std::size_t>(index)];
  const bool windowed = config_.has_window(index);
  HeadStep heads{};
  heads.q = work_.q + stretch.row * config_.q_size();
  heads.q_stride = config_.q_size();
  heads.k = work_.k + stretch.row * config_.k_size();
  heads.k_stride = config_.k_size();
  heads.v = work_.v + stretch.row * config_.v_size();
  heads.v_stride = config_.v_size();
  heads.n_heads = config_.n_heads;
  heads.q_norm = layer.attn_q_norm;
  heads.k_norm = layer.attn_k_norm;
  heads.layer_norm = config_.arch->norm == NormKind::kLayer;
  heads.own_head_norms = config_.arch->head_norm == HeadNorm::kOwn;
  heads.eps = config_.norm_eps;
  heads.rope = config_.rope_of(index);
  heads.n_rot = config_.n_rot;
  const std::int64_t angles = stretch.row * (config_.n_rot / 2);
  heads.cos = (windowed ? work_.window_cos : work_.cos) + angles;
  heads.sin = (windowed ? work_.window_sin : work_.sin) + angles;
  heads.first_position = stretch.first;
  heads.n_tokens = stretch.n_tokens;
  prepare_heads(context, heads, kept(index, stretch));
}

float* Decoder::relative_values(std::int32_t index) const {
  float* const values = config_.causal ? work_.relative_bias : work_.encoder_relative_bias;
  const std::int64_t size = relative_bias_size(work_.n_ctx, config_.n_heads);
  return values + (config_.layers_own_buckets ? index * size : 0);
}

void Decoder::attend_heads(const OpContext& context, std::int32_t index, const Stretch& stretch) {
  AttentionStep step{};
  step.q = work_.q + stretch.row * config_.q_size();
  step.q_stride = config_.q_size();
  step.out = work_.attended + stretch.row * config_.attended_size();
  step.out_stride = config_.attended_size();
  step.n_heads = config_.n_heads;
  step.first_position = stretch.first;
  step.n_tokens = stretch.n_tokens;
  step.window = config_.has_window(index) ? config_.window : 0;
  step.n_keys = config_.causal ? 0 : stretch.first + stretch.n_tokens;
  if (config_.n_relative_buckets > 0)
    step.bias = relative_bias_view(relative_values(index), work_.n_ctx);
  step.scale = config_.attention_scale;
  step.softcap = config_.attention_softcap;
  step.partials = work_.partials;
  attend(context, step, kept(index, stretch));
}

void Decoder::final_states(const OpContext& context, std::int64_t first, std::int64_t n,
                           float* out) {
  for_each_token(context, n, [&](std::int64_t t) {
    const float* const x = work_.x + (first + t) * config_.n_embd;
    float* const y = out + t * config_.n_embd;
    if (weights_.output_norm)
      norm(*context.table, x, {weights_.output_norm, weights_.output_norm_bias}, y);
    else
      std::copy_n(x, config_.n_embd, y);
  });
}

bool Decoder::is_adapted(const OpContext& context, const WeightMatrix& weights) {
  return context.adapters != nullptr && context.adapters->adapts(weights);
}

// The head's input: rows [first, first + n) of the last pass.
void Decoder::prepare_head(const OpContext& context, std::int64_t first, std::int64_t n) {
  ActivationForms forms;
  forms.add(weights_.output);
  set_rows(work_.normed, config_.n_embd, n);
  finite_.store(true);
  for (std::int64_t t = 0; t < n; ++t) {
    norm(*context.table, work_.x + (first + t) * config_.n_embd,
         {weights_.output_norm, weights_.output_norm_bias}, work_.normed + t * config_.n_embd);
    if (!quantize_token(*context.table, forms, rows_, t) ||
        !context.table->all_finite(work_.normed + t * config_.n_embd, config_.n_embd))
      finite_.store(false);
  }
}

Status Decoder::check_head(const OpContext& context) const {
  if (context.cancel != nullptr && context.cancel->load(std::memory_order_relaxed))
    return error(StatusCode::kCancelled, "cancelled while computing logits");
  if (!finite_.load())
    return error(StatusCode::kNumeric, "the last hidden state is infinite or not a number");
  return {};
}

void Decoder::finish_logits(const KernelTable& table, float* logits) const {
  if (config_.logit_scale != 1.0f)
    table.scale(logits, config_.logit_scale, config_.n_vocab, logits);
  if (config_.final_softcap > 0.0f)
    table.softcap(logits, config_.final_softcap, config_.n_vocab, logits);
}

Status Decoder::compute_logits(const OpContext& context, std::int64_t first, std::int64_t n) {
  prepare_head(context, first, n);
  const Product head[] = {{weights_.output, weights_.output_bias, work_.logits, config_.n_vocab}};
  multiply(context, head, rows_);
  for (std::int64_t t = 0; t < n; ++t)
    finish_logits(*context.table, work_.logits + t * config_.n_vocab);
  return check_head(context);
}

Status Decoder::compute_logits_of_rows(const OpContext& context, std::span<float* const> out) {
  prepare_head(context, 0, static_cast<std::int64_t>(out.size()));
  multiply_apart(context, weights_.output, weights_.output_bias, out, rows_);
  for (float* logits : out) finish_logits(*context.table, logits);
  return check_head(context);
}

Status Decoder::screen_logits(const OpContext& context, std::int64_t row,
                              const ScreenRequest& request, ScreenResult& out) {
  const ScreenHead head = {weights_.output, weights_.output_bias, config_.logit_scale,
                           config_.final_softcap};
  out = {};
  if (!can_screen(head, request) || is_adapted(context, head.weights)) return {};
  prepare_head(context, row, 1);
  if (finite_.load()) out = screen(context, head, rows_, request, work_.screen);
  return check_head(context);
}

void Decoder::norm(const KernelTable& table, const float* x, const RowNorm& by,
                   float* y) const noexcept {
  if (config_.arch->norm == NormKind::kRms)
    table.rms_norm(x, by.weight.data, config_.n_embd, config_.norm_eps, y);
  else
    table.layer_norm(x, by.weight.data, by.bias.data, config_.n_embd, config_.norm_eps, y);
}

void Decoder::set_rows(const float* values, std::int64_t k, std::int64_t n_tokens) {
  rows_ = float_rows(values, k, n_tokens);
  lay_out(work_.per_32, work_.per_128, rows_);
}

// The rows are work.normed, or work.x itself where the model has no norm there.
void Decoder::set_input(const RowInput& input) {
  set_rows(input.norm.weight ? work_.normed : work_.x, config_.n_embd, n_tokens_);
}

// Row t of that, quantised while it is in the cache.
void Decoder::make_row(const OpContext& context, const RowInput& input, std::int64_t t) noexcept {
  const std::int64_t offset = t * config_.n_embd;
  if (input.norm.weight) norm(*context.table, work_.x + offset, input.norm, work_.normed + offset);
  if (!quantize_token(*context.table, input.forms, rows_, t)) finite_.store(false);
}

void Decoder::make_rows(const OpContext& context, const RowInput& input) {
  set_input(input);
  for_each_token(context, n_tokens_, [&](std::int64_t t) { make_row(context, input, t); });
}

void Decoder::quantize_rows(const OpContext& context, const ActivationForms& forms) {
  if (!forms.any()) return;
  for_each_token(context, rows_.n_tokens, [&](std::int64_t t) {
    if (!quantize_token(*context.table, forms, rows_, t)) finite_.store(false);
  });
}

// x += block_out, normed before where the model has a norm after its blocks; then x = norm(x) where
// it norms the sum; then the row that the next products read, if they read this. Looks for values
// that are no numbers here, so that the message names the layer they come from.
void Decoder::add_block(const OpContext& context, const VectorView& post_norm,
                        const RowNorm& sum_norm, const std::optional<RowInput>& next) {
  if (next) set_input(*next);
  for_each_token(context, n_tokens_, [&](std::int64_t t) {
    const KernelTable& table = *context.table;
    const std::int64_t offset = t * config_.n_embd;
    float* const block = work_.block_out + offset;
    float* const x = work_.x + offset;
    if (post_norm) norm(table, block, {post_norm, {}}, block);
    table.add(x, block, config_.n_embd, x);
    if (!table.all_finite(x, config_.n_embd)) finite_.store(false);
    if (sum_norm.weight) norm(table, x, sum_norm, x);
    if (next) make_row(context, *next, t);
  });
}

}  // namespace minnow
