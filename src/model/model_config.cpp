#include "model/model_config.hpp"

#include <cmath>
#include <string>

#include "base/exact_math.hpp"
#include "base/join.hpp"
#include "model/key_reader.hpp"

namespace minnow {

namespace {

void read_yarn(KeyReader& keys, RopeScaling& scaling) {
  keys.number("rope.scaling.yarn_beta_fast", 0.0f, 1e4f, scaling.beta_fast);
  keys.number("rope.scaling.yarn_beta_slow", 0.0f, 1e4f, scaling.beta_slow);
  scaling.attention_factor =
      1.0f + 0.1f * static_cast<float>(exact_log(scaling.factor > 1 ? scaling.factor : 1.0f));
  keys.number("rope.scaling.yarn_attn_factor", 1e-3f, 1e3f, scaling.attention_factor);
}

void read_rope_scaling(KeyReader& keys, ModelConfig& config) {
  RopeScaling& scaling = config.rope_scaling;
  keys.number("rope.scale_linear", 1e-3f, 1e4f, scaling.factor);  // what old files say
  keys.number("rope.scaling.factor", 1e-3f, 1e4f, scaling.factor);
  keys.integer("rope.scaling.original_context_length", 1, kMaxContext, config.n_ctx_train,
               config.n_ctx_short);
  scaling.original_context = static_cast<float>(config.n_ctx_short);
  const std::string_view kind = keys.text("rope.scaling.type");
  if (kind == "linear" || kind.empty()) {
    if (scaling.factor != 1.0f) scaling.kind = RopeScaling::Kind::kLinear;
  } else if (kind == "yarn") {
    scaling.kind = RopeScaling::Kind::kYarn;
    read_yarn(keys, scaling);
  } else if (kind != "none" && kind != "longrope") {  // longrope: two tensors of factors
    keys.problem("rope scaling '", kind, "' is not known");
  }
  keys.number("rope.scaling.attn_factor", 1e-3f, 1e3f, scaling.attention_factor);
}

void read_rope(KeyReader& keys, ModelConfig& config) {
  if (config.arch->rope == RopeStyle::kNone) return;
  keys.integer("rope.dimension_count", 2, config.head_dim, config.head_dim, config.n_rot);
  if (config.n_rot % 2 != 0) keys.problem("'rope.dimension_count' is odd");
  keys.number("rope.freq_base", 1.0f, 1e12f, config.rope_base);
  read_rope_scaling(keys, config);
  config.window_rope_base =
      config.arch->window_rope_base > 0 ? config.arch->window_rope_base : config.rope_base;
  keys.number("rope.freq_base_swa", 1.0f, 1e12f, config.window_rope_base);
  if (config.arch->scales_window_rope) config.window_rope_scaling = config.rope_scaling;
}

// Which layers are windowed: the file tells it as a period or layer by layer, or the row does.
void read_window(KeyReader& keys, ModelConfig& config) {
  keys.integer("attention.sliding_window", 0, kMaxContext, 0, config.window);
  const GgufValue* pattern = keys.value("attention.sliding_window_pattern");
  if (pattern != nullptr && pattern->type == GgufType::kArray &&
      pattern->element_type == GgufType::kBool) {
    if (pattern->n_elements != static_cast<std::uint64_t>(config.n_layers)) {
      keys.problem("'attention.sliding_window_pattern' has ", pattern->n_elements, " elements for ",
                   config.n_layers, " layers");
      return;
    }
    for (std::size_t i = 0; i < pattern->n_elements; ++i)
      config.is_windowed[i] = pattern->payload[i] != 0;
    return;
  }
  std::int32_t every = 0;
  keys.integer("attention.sliding_window_pattern", 0, kMaxLayers, config.arch->full_attention_every,
               every);
  for (std::int32_t i = 0; i < config.n_layers; ++i)
    config.is_windowed[static_cast<std::size_t>(i)] = every == 0 || i % every != every - 1;
}

void read_attention_scale(KeyReader& keys, ModelConfig& config) {
  keys.number("attn_logit_softcapping", 0.0f, 1e6f, config.attention_softcap);
  keys.number("attention.scale", 0.0f, 1e3f, config.attention_scale);
  if (config.attention_scale != 0.0f || config.head_dim == 0) return;
  if (!config.arch->scales_scores) {
    config.attention_scale = 1.0f;
    return;
  }
  const bool by_embd = config.n_layers == config.arch->embd_scale_layers;
  const std::int32_t size = by_embd ? config.n_embd / config.n_heads : config.head_dim;
  config.attention_scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(size)));
}

void read_attention(KeyReader& keys, ModelConfig& config) {
  keys.integer("attention.head_count", 1, kMaxHeads, 0, config.n_heads);
  if (config.n_heads == 0) return;
  keys.integer("attention.head_count_kv", 1, kMaxHeads, config.n_heads, config.n_kv_heads);
  if (config.n_kv_heads > 0 && config.n_heads % config.n_kv_heads != 0)
    keys.problem("attention.head_count (", config.n_heads,
                 ") is not a multiple of attention.head_count_kv (", config.n_kv_heads, ")");
  const std::int32_t even_split = config.n_embd / config.n_heads;
  keys.integer("attention.key_length", 1, kMaxHeadDim, even_split, config.head_dim);
  keys.integer("attention.value_length", 1, kMaxHeadDim, config.head_dim, config.value_dim);
  read_window(keys, config);
  read_attention_scale(keys, config);
  float unsupported = 0.0f;
  keys.number("attention.max_alibi_bias", 0.0f, 0.0f, unsupported);
  keys.number("attention.clamp_kqv", 0.0f, 0.0f, unsupported);
}

void read_mixture(KeyReader& keys, ModelConfig& config) {
  const bool required = config.arch->needs_experts;
  keys.integer("expert_count", required ? 1 : 0, kMaxExperts, 0, config.n_experts);
  if (config.n_experts == 0) return;
  keys.integer("expert_used_count", 1, std::min(config.n_experts, kMaxExpertsUsed), 0,
               config.n_experts_used);
  keys.integer("expert_feed_forward_length", 1, kMaxFeedForward, config.n_ff, config.n_ff_expert);
  if (config.arch->shared_expert)
    keys.integer("expert_shared_feed_forward_length", 1, kMaxFeedForward, config.n_ff,
                 config.n_ff_shared);
  config.normalises_experts = config.arch->normalises_experts;
  keys.flag("expert_weights_norm", config.normalises_experts);
  keys.number("expert_weights_scale", 0.0f, 1e4f, config.expert_scale);
  if (config.expert_scale == 0.0f) config.expert_scale = 1.0f;
  std::int32_t gating = 0;  // 1: softmax over all experts
  keys.integer("expert_gating_func", 0, 1, 0, gating);
  std::int32_t n_dense = 0;
  keys.integer("leading_dense_block_count", 0, 0, 0, n_dense);
}

bool any_layer_has(const Gguf& gguf, const ModelConfig& config, const char* name) {
  for (std::int32_t i = 0; i < config.n_layers; ++i) {
    if (gguf.find_tensor(join(config.prefix(), "blk.", i, ".", name)) != nullptr) return true;
  }
  return false;
}

void read_block_order(const Gguf& gguf, KeyReader& keys, ModelConfig& config) {
  const BlockOrder order = config.arch->order;
  config.parallel_block = order == BlockOrder::kParallel;
  if (order == BlockOrder::kByMetadata)
    keys.flag("use_parallel_residual", config.parallel_block, true);
  if (order == BlockOrder::kByFfnNorm) {
    config.parallel_block = !any_layer_has(gguf, config, "ffn_norm.weight");
  }
}

void read_feed_forward(const Gguf& gguf, ModelConfig& config) {
  const ArchTraits& arch = *config.arch;
  config.feed_forward = arch.feed_forward;
  config.activation = arch.activation;
  if (arch.feed_forward != FeedForward::kByGate) return;
  const bool gated = any_layer_has(gguf, config, "ffn_gate.weight");
  config.feed_forward = gated ? FeedForward::kGated : FeedForward::kPlain;
  if (!gated) config.activation = arch.activation_without_gate;
}

// Rows of a tensor that only the file itself can tell; 0 when it has no such tensor.
std::int32_t rows_of(const Gguf& gguf, const char* name, std::int32_t most, KeyReader& keys) {
  const GgufTensor* tensor = gguf.find_tensor(name);
  if (tensor == nullptr) return 0;
  if (tensor->dims[1] < 1 || tensor->dims[1] > static_cast<std::uint64_t>(most)) {
    keys.problem("tensor '", name, "' has ", tensor->dims[1], " rows, which is not in 1...", most);
    return 0;
  }
  return static_cast<std::int32_t>(tensor->dims[1]);
}

void read_token_types(const Gguf& gguf, KeyReader& keys, ModelConfig& config) {
  config.n_token_types = rows_of(gguf, "token_types.weight", kMaxTokenTypes, keys);
  std::int64_t said = config.n_token_types;
  const Status status = gguf.get_i64("tokenizer.ggml.token_type_count", said);
  if (!status.ok() && status.code() != StatusCode::kNotFound) keys.problem(status.message());
  if (config.n_token_types > 0 && said != config.n_token_types)
    keys.problem("tensor 'token_types.weight' has ", config.n_token_types,
                 " rows, 'tokenizer.ggml.token_type_count' is ", said);
}

// The layers that turn a text's states into its embedding or its score.
void read_pooling(const Gguf& gguf, KeyReader& keys, ModelConfig& config) {
  const bool is_encoder = config.has_encoder();
  std::int32_t pooling = static_cast<std::int32_t>(is_encoder ? Pooling::kMean : Pooling::kLast);
  keys.integer("pooling_type", 0, 4, pooling, pooling);
  config.pooling = static_cast<Pooling>(pooling);
  config.n_labels = rows_of(gguf, "cls.output.weight", kMaxLabels, keys);
  config.n_dense_hidden = rows_of(gguf, "dense_2.weight", kMaxFeedForward, keys);
  config.n_dense_out = rows_of(gguf, "dense_3.weight", kMaxEmbd, keys);
  if (config.n_dense_hidden > 0 || config.n_dense_out > 0) {
    std::int32_t size = 0;
    keys.integer("dense_2_feat_in", config.n_embd, config.n_embd, config.n_embd, size);
    keys.integer("dense_2_feat_out", 1, kMaxFeedForward, config.n_dense_hidden,
                 config.n_dense_hidden);
    keys.integer("dense_3_feat_in", config.n_dense_hidden, config.n_dense_hidden,
                 config.n_dense_hidden, size);
    keys.integer("dense_3_feat_out", 1, kMaxEmbd, config.n_dense_out, config.n_dense_out);
  }
}

// How far tokens see, and the encoder in front of a decoder.
void read_stacks(KeyReader& keys, ModelConfig& config) {
  const Stacks stacks = config.arch->stacks;
  config.causal = stacks != Stacks::kEncoder;
  config.has_head = stacks != Stacks::kEncoder;
  if (stacks != Stacks::kEncoderDecoder) {
    keys.flag("attention.causal", config.causal);
    return;
  }
  config.n_encoder_layers = config.n_layers;
  keys.integer("decoder_block_count", 1, kMaxLayers, config.n_layers, config.n_layers);
  keys.integer("decoder_start_token_id", 0, kMaxVocab - 1, 0, config.decoder_start);
}

void read_relative_positions(const Gguf& gguf, KeyReader& keys, ModelConfig& config) {
  if (!config.arch->relative_positions) return;
  keys.integer("attention.relative_buckets_count", 4, 128, 0, config.n_relative_buckets);
  if (config.n_relative_buckets % 2 != 0) keys.problem("'attention.relative_buckets_count' is odd");
  for (std::int32_t i = 1; i < config.n_layers; ++i)
    config.layers_own_buckets =
        config.layers_own_buckets ||
        gguf.find_tensor(join(config.prefix(), "blk.", i, ".attn_rel_b.weight")) != nullptr;
}

// The vocabulary's size is that of the embedding: files disagree about the key.
void read_vocabulary_size(const Gguf& gguf, KeyReader& keys, ModelConfig& config) {
  const GgufTensor* embedding = gguf.find_tensor("token_embd.weight");
  if (embedding == nullptr || embedding->n_dims != 2) {
    keys.problem("tensor 'token_embd.weight' is missing or not a matrix");
    return;
  }
  if (embedding->dims[1] < 1 || embedding->dims[1] > kMaxVocab) {
    keys.problem("a vocabulary of ", embedding->dims[1], " tokens is not in 1...", kMaxVocab);
    return;
  }
  config.n_vocab = static_cast<std::int32_t>(embedding->dims[1]);
  if (config.decoder_start >= config.n_vocab)
    keys.problem("'decoder_start_token_id' is ", config.decoder_start, ", the vocabulary has ",
                 config.n_vocab, " tokens");
}

}  // namespace

ModelConfig ModelConfig::encoder() const {
  ModelConfig config = *this;
  if (n_encoder_layers > 0) config.n_layers = n_encoder_layers;
  config.n_encoder_layers = 0;
  config.causal = false;
  config.has_head = false;
  return config;
}

Status read_model_config(const Gguf& gguf, ModelConfig& out) {
  std::string_view name;
  const Status named = gguf.get_string("general.architecture", name);
  if (!named.ok())
    return error(StatusCode::kBadFile, "'", gguf.file_name(), "': ", named.message());
  ModelConfig config;
  config.arch = find_arch(name);
  if (config.arch == nullptr)
    return error(StatusCode::kUnsupported, "'", gguf.file_name(), "': architecture '", name,
                 "' is not supported; supported are ", known_archs());
  KeyReader keys(gguf, name);
  keys.integer("block_count", 1, kMaxLayers, 0, config.n_layers);
  keys.integer("embedding_length", 1, kMaxEmbd, 0, config.n_embd);
  keys.integer("context_length", 1, kMaxContext, 0, config.n_ctx_train);
  keys.integer("feed_forward_length", 1, kMaxFeedForward, 0, config.n_ff);
  const bool is_rms = config.arch->norm == NormKind::kRms;
  keys.number(is_rms ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon", 0.0f,
              1.0f, config.norm_eps, true);
  keys.number("logit_scale", -1e6f, 1e6f, config.logit_scale);
  if (config.arch->scales_embedding)
    config.embedding_scale = std::sqrt(static_cast<float>(config.n_embd));
  keys.number("final_logit_softcapping", 0.0f, 1e6f, config.final_softcap);
  read_stacks(keys, config);
  read_block_order(gguf, keys, config);
  read_feed_forward(gguf, config);
  read_mixture(keys, config);
  read_attention(keys, config);
  if (config.head_dim > 0) read_rope(keys, config);
  read_relative_positions(gguf, keys, config);
  read_token_types(gguf, keys, config);
  read_pooling(gguf, keys, config);
  read_vocabulary_size(gguf, keys, config);
  MINNOW_TRY(keys.status());
  out = config;
  return {};
}

}  // namespace minnow
