#include "model/model_config.hpp"

#include <cmath>
#include <string>

#include "base/exact_math.hpp"
#include "base/join.hpp"

namespace minnow {

namespace {

// Reads "<architecture>.<name>" keys and collects what is wrong with them.
class KeyReader {
 public:
  KeyReader(const Gguf& gguf, std::string_view arch) : gguf_(gguf), arch_(arch) {}

  // Required unless `fallback` lies in the range.
  void integer(std::string_view name, std::int64_t least, std::int64_t most, std::int64_t fallback,
               std::int64_t& out) {
    const std::string key = join(arch_, ".", name);
    std::int64_t value = 0;
    const Status status = first_integer(key, value);
    if (status.code() == StatusCode::kNotFound) {
      if (fallback >= least) {
        out = fallback;
      } else {
        problem("'", key, "' is missing");
      }
    } else if (!status.ok()) {
      problem(status.message());
    } else if (value < least || value > most) {
      problem("'", key, "' is ", value, ", which is not in ", least, "...", most);
    } else {
      out = value;
    }
  }

  void integer(std::string_view name, std::int64_t least, std::int64_t most, std::int64_t fallback,
               std::int32_t& out) {
    std::int64_t value = out;
    integer(name, least, most, fallback, value);
    out = static_cast<std::int32_t>(value);
  }

  void number(std::string_view name, float least, float most, float& out, bool required = false) {
    const std::string key = join(arch_, ".", name);
    float value = 0;
    const Status status = gguf_.get_float(key, value);
    if (status.code() == StatusCode::kNotFound) {
      if (required) problem("'", key, "' is missing");
    } else if (!status.ok()) {
      problem(status.message());
    } else if (!(value >= least && value <= most)) {
      problem("'", key, "' is ", value, ", which is not in ", least, "...", most);
    } else {
      out = value;
    }
  }

  std::string_view text(std::string_view name) {
    std::string_view value;
    const Status status = gguf_.get_string(join(arch_, ".", name), value);
    if (!status.ok() && status.code() != StatusCode::kNotFound) problem(status.message());
    return value;
  }

  template <class... Pieces>
  void problem(const Pieces&... pieces) {
    if (!problems_.empty()) problems_ += "; ";
    problems_ += join(pieces...);
  }

  Status status() const {
    if (problems_.empty()) return {};
    return error(StatusCode::kBadFile, "'", gguf_.file_name(), "': ", problems_);
  }

 private:
  // Some files give one number for each layer; minnow runs those where all are the same.
  Status first_integer(const std::string& key, std::int64_t& out) {
    const GgufValue* value = gguf_.find(key);
    if (value == nullptr || value->type != GgufType::kArray) return gguf_.get_i64(key, out);
    GgufIntegers numbers;
    MINNOW_TRY(gguf_.get_integers(key, numbers));
    if (numbers.size() == 0) return error(StatusCode::kBadFile, "'", key, "' is an empty array");
    for (std::size_t i = 1; i < numbers.size(); ++i) {
      if (numbers[i] != numbers[0])
        return error(StatusCode::kUnsupported, "'", key, "' differs from layer to layer");
    }
    out = numbers[0];
    return {};
  }

  const Gguf& gguf_;
  const std::string_view arch_;
  std::string problems_;
};

void read_rope(KeyReader& keys, ModelConfig& config) {
  keys.integer("rope.dimension_count", 2, config.head_dim, config.head_dim, config.n_rot);
  if (config.n_rot % 2 != 0) keys.problem("'rope.dimension_count' is odd");
  keys.number("rope.freq_base", 1.0f, 1e12f, config.rope_base);
  config.window_rope_base =
      config.arch->window_rope_base > 0 ? config.arch->window_rope_base : config.rope_base;
  keys.number("rope.freq_base_swa", 1.0f, 1e12f, config.window_rope_base);

  RopeScaling& scaling = config.rope_scaling;
  const std::string_view kind = keys.text("rope.scaling.type");
  keys.number("rope.scaling.factor", 1e-3f, 1e4f, scaling.factor);
  if (kind == "linear") {
    scaling.kind = RopeScaling::Kind::kLinear;
  } else if (kind == "yarn") {
    scaling.kind = RopeScaling::Kind::kYarn;
    scaling.original_context = static_cast<float>(config.n_ctx_train);
    keys.number("rope.scaling.original_context_length", 1.0f, 1e8f, scaling.original_context);
    keys.number("rope.scaling.yarn_beta_fast", 0.0f, 1e4f, scaling.beta_fast);
    keys.number("rope.scaling.yarn_beta_slow", 0.0f, 1e4f, scaling.beta_slow);
    scaling.attention_factor =
        1.0f + 0.1f * static_cast<float>(exact_log(scaling.factor > 1 ? scaling.factor : 1.0f));
    keys.number("rope.scaling.attn_factor", 1e-3f, 1e3f, scaling.attention_factor);
  } else if (!kind.empty() && kind != "none") {
    keys.problem("rope scaling '", kind, "' is not known");
  }
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
  keys.integer("attention.sliding_window", 0, kMaxContext, 0, config.window);
  keys.number("attn_logit_softcapping", 0.0f, 1e6f, config.attention_softcap);
  keys.number("final_logit_softcapping", 0.0f, 1e6f, config.final_softcap);
  keys.number("attention.scale", 0.0f, 1e3f, config.attention_scale);
  if (config.attention_scale == 0.0f && config.head_dim > 0)
    config.attention_scale =
        static_cast<float>(1.0 / std::sqrt(static_cast<double>(config.head_dim)));
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
}

}  // namespace

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
  read_attention(keys, config);
  if (config.head_dim > 0) read_rope(keys, config);
  read_vocabulary_size(gguf, keys, config);
  MINNOW_TRY(keys.status());
  out = config;
  return {};
}

}  // namespace minnow
