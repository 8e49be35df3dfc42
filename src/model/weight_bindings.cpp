#include "model/weight_bindings.hpp"

#include <string>

#include "base/join.hpp"
#include "kernels/formats/format.hpp"

namespace minnow {

namespace {

// Sizes by name; size_of() turns them into numbers for a model.
enum class Size { kOne, kEmbd, kQ, kK, kV, kAttended, kHeadDim, kFeedForward, kVocab, kHalfRot };

enum class Need { kRequired, kOptional };

struct LayerMatrix {
  const char* name;  // after "blk.<layer>."
  WeightMatrix LayerWeights::*member;
  Size rows;
  Size k;
  Need need;
};

struct LayerVector {
  const char* name;
  VectorView LayerWeights::*member;
  Size size;
  Need need;
};

constexpr LayerVector kLayerVectors[] = {
    {"attn_norm.weight", &LayerWeights::attn_norm, Size::kEmbd, Need::kRequired},
    {"attn_norm.bias", &LayerWeights::attn_norm_bias, Size::kEmbd, Need::kOptional},
    {"attn_q.bias", &LayerWeights::attn_q_bias, Size::kQ, Need::kOptional},
    {"attn_k.bias", &LayerWeights::attn_k_bias, Size::kK, Need::kOptional},
    {"attn_v.bias", &LayerWeights::attn_v_bias, Size::kV, Need::kOptional},
    {"attn_q_norm.weight", &LayerWeights::attn_q_norm, Size::kHeadDim, Need::kOptional},
    {"attn_k_norm.weight", &LayerWeights::attn_k_norm, Size::kHeadDim, Need::kOptional},
    {"attn_output.bias", &LayerWeights::attn_output_bias, Size::kEmbd, Need::kOptional},
    {"post_attention_norm.weight", &LayerWeights::attn_post_norm, Size::kEmbd, Need::kOptional},
    {"ffn_norm.weight", &LayerWeights::ffn_norm, Size::kEmbd, Need::kRequired},
    {"ffn_norm.bias", &LayerWeights::ffn_norm_bias, Size::kEmbd, Need::kOptional},
    {"ffn_gate.bias", &LayerWeights::ffn_gate_bias, Size::kFeedForward, Need::kOptional},
    {"ffn_up.bias", &LayerWeights::ffn_up_bias, Size::kFeedForward, Need::kOptional},
    {"ffn_down.bias", &LayerWeights::ffn_down_bias, Size::kEmbd, Need::kOptional},
    {"post_ffw_norm.weight", &LayerWeights::ffn_post_norm, Size::kEmbd, Need::kOptional},
};

constexpr LayerMatrix kLayerMatrices[] = {
    {"attn_q.weight", &LayerWeights::attn_q, Size::kQ, Size::kEmbd, Need::kRequired},
    {"attn_k.weight", &LayerWeights::attn_k, Size::kK, Size::kEmbd, Need::kRequired},
    {"attn_v.weight", &LayerWeights::attn_v, Size::kV, Size::kEmbd, Need::kRequired},
    {"attn_output.weight", &LayerWeights::attn_output, Size::kEmbd, Size::kAttended,
     Need::kRequired},
    {"ffn_gate.weight", &LayerWeights::ffn_gate, Size::kFeedForward, Size::kEmbd, Need::kOptional},
    {"ffn_up.weight", &LayerWeights::ffn_up, Size::kFeedForward, Size::kEmbd, Need::kRequired},
    {"ffn_down.weight", &LayerWeights::ffn_down, Size::kEmbd, Size::kFeedForward, Need::kRequired},
};

std::int64_t size_of(Size size, const ModelConfig& config) {
  switch (size) {
    case Size::kOne:
      return 1;
    case Size::kEmbd:
      return config.n_embd;
    case Size::kQ:
      return config.q_size();
    case Size::kK:
      return config.k_size();
    case Size::kV:
      return config.v_size();
    case Size::kAttended:
      return config.attended_size();
    case Size::kHeadDim:
      return config.head_dim;
    case Size::kFeedForward:
      return config.n_ff;
    case Size::kVocab:
      return config.n_vocab;
    case Size::kHalfRot:
      return config.n_rot / 2;
  }
  return 0;
}

const FormatInfo* format_of(const GgufTensor& tensor) {
  for (const FormatInfo& info : kFormats) {
    if (info.ggml_type == tensor.format) return &info;
  }
  return nullptr;
}

class Binder {
 public:
  Binder(const Gguf& gguf, const ModelConfig& config, BoundModel& out)
      : gguf_(gguf), config_(config), out_(out) {}

  // Checks one tensor; NULL when it is absent or wrong.
  const GgufTensor* check(const std::string& name, Size rows, Size k, Need need, Format& format) {
    const GgufTensor* tensor = gguf_.find_tensor(name);
    if (tensor == nullptr) {
      if (need == Need::kRequired) problem("tensor '", name, "' is missing");
      return nullptr;
    }
    const std::int64_t n_rows = size_of(rows, config_);
    const std::int64_t n_k = size_of(k, config_);
    const bool fits = tensor->dims[0] == static_cast<std::uint64_t>(n_k) &&
                      tensor->dims[1] == static_cast<std::uint64_t>(n_rows) &&
                      tensor->dims[2] == 1 && tensor->dims[3] == 1;
    if (!fits) {
      problem("tensor '", name, "': ", n_k, "x", n_rows, " expected, ", tensor->dims[0], "x",
              tensor->dims[1], tensor->dims[2] * tensor->dims[3] > 1 ? "x..." : "", " found");
      return nullptr;
    }
    const FormatInfo* info = format_of(*tensor);
    if (info == nullptr || n_k % info->elements != 0) {
      problem("tensor '", name, "' has the unsupported type ", tensor->format);
      return nullptr;
    }
    format = info->format;
    return tensor;
  }

  void matrix(const std::string& name, Size rows, Size k, Need need, WeightMatrix& target) {
    BoundTensor bound;
    bound.tensor = check(name, rows, k, need, bound.format);
    if (bound.tensor == nullptr) return;
    bound.n_rows = size_of(rows, config_);
    bound.k = size_of(k, config_);
    bound.matrix = &target;
    out_.tensors.push_back(bound);
  }

  void vector(const std::string& name, Size size, Need need, VectorView& target) {
    BoundTensor bound;
    bound.tensor = check(name, Size::kOne, size, need, bound.format);
    if (bound.tensor == nullptr) return;
    bound.n_rows = 1;
    bound.k = size_of(size, config_);
    bound.vector = &target;
    out_.tensors.push_back(bound);
  }

  template <class... Pieces>
  void problem(const Pieces&... pieces) {
    constexpr int kMostListed = 16;
    if (++n_problems_ <= kMostListed) problems_ += join("; ", pieces...);
  }

  Status status() const {
    if (n_problems_ == 0) return {};
    const int unlisted = n_problems_ - 16;
    return error(StatusCode::kBadFile, "'", gguf_.file_name(), "': ", problems_.substr(2),
                 unlisted > 0 ? join("; and ", unlisted, " more") : std::string());
  }

 private:
  const Gguf& gguf_;
  const ModelConfig& config_;
  BoundModel& out_;
  std::string problems_;
  int n_problems_ = 0;
};

}  // namespace

Status bind_weights(const Gguf& gguf, const ModelConfig& config, ModelWeights& weights,
                    BoundModel& out) {
  Binder binder(gguf, config, out);
  weights.layers.resize(static_cast<std::size_t>(config.n_layers));
  out.token_embedding = binder.check("token_embd.weight", Size::kVocab, Size::kEmbd,
                                     Need::kRequired, out.token_embedding_format);
  binder.vector("rope_freqs.weight", Size::kHalfRot, Need::kOptional, weights.rope_factors);
  for (std::size_t i = 0; i < weights.layers.size(); ++i) {
    const std::string prefix = join("blk.", i, ".");
    LayerWeights& layer = weights.layers[i];
    for (const LayerVector& row : kLayerVectors)
      binder.vector(prefix + row.name, row.size, row.need, layer.*row.member);
    for (const LayerMatrix& row : kLayerMatrices)
      binder.matrix(prefix + row.name, row.rows, row.k, row.need, layer.*row.member);
  }
  binder.vector("output_norm.weight", Size::kEmbd, Need::kRequired, weights.output_norm);
  binder.vector("output_norm.bias", Size::kEmbd, Need::kOptional, weights.output_norm_bias);
  out.tied = gguf.find_tensor("output.weight") == nullptr;
  const char* head = out.tied ? "token_embd.weight" : "output.weight";
  if (out.token_embedding != nullptr)
    binder.matrix(head, Size::kVocab, Size::kEmbd, Need::kRequired, weights.output);
  binder.vector("output.bias", Size::kVocab, Need::kOptional, weights.output_bias);
  return binder.status();
}

}  // namespace minnow
