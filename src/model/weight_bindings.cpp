#include "model/weight_bindings.hpp"

#include <string>

#include "base/arena.hpp"
#include "base/join.hpp"
#include "kernels/formats/format.hpp"
#include "model/weight_table.hpp"

namespace minnow {

namespace {

const FormatInfo* format_of(const GgufTensor& tensor) {
  for (const FormatInfo& info : kFormats) {
    if (info.ggml_type == tensor.format) return &info;
  }
  return nullptr;
}

// dims[0], dims[1] and dims[2] of a tensor.
struct Shape {
  std::int64_t k = 0;
  std::int64_t rows = 1;
  std::int64_t slices = 1;
};

std::string text_of(std::uint64_t k, std::uint64_t rows, std::uint64_t slices) {
  return slices == 1 ? join(k, "x", rows) : join(k, "x", rows, "x", slices);
}

// Looks tensors up and collects what is wrong with them.
class Binder {
 public:
  Binder(const Gguf& gguf, const ModelConfig& config, BoundModel& out)
      : gguf_(gguf), config_(config), out_(out) {}
  // The encoder of the same file: its problems join those of the decoder.
  Binder(Binder& decoder, const ModelConfig& config)
      : gguf_(decoder.gguf_), config_(config), out_(decoder.out_), first_(&decoder) {}

  // Whether some layer has the tensor.
  bool any_layer_has(const char* name) const {
    for (std::int32_t i = 0; i < config_.n_layers; ++i) {
      if (gguf_.find_tensor(layer_name(i, name)) != nullptr) return true;
    }
    return false;
  }

  std::string layer_name(std::int64_t layer, const char* name) const {
    return join(config_.prefix(), "blk.", layer, ".", name);
  }

  // The tensor; NULL when it is absent or wrong.
  const GgufTensor* check(const std::string& name, const Shape& shape, Need need, Format& format) {
    const GgufTensor* tensor = gguf_.find_tensor(name);
    if (tensor == nullptr) {
      if (need == Need::kRequired) problem("tensor '", name, "' is missing");
      return nullptr;
    }
    const bool fits = tensor->dims[0] == static_cast<std::uint64_t>(shape.k) &&
                      tensor->dims[1] == static_cast<std::uint64_t>(shape.rows) &&
                      tensor->dims[2] == static_cast<std::uint64_t>(shape.slices) &&
                      tensor->dims[3] == 1;
    if (!fits) {
      problem("tensor '", name, "': ",
              text_of(static_cast<std::uint64_t>(shape.k), static_cast<std::uint64_t>(shape.rows),
                      static_cast<std::uint64_t>(shape.slices)),
              " expected, ", text_of(tensor->dims[0], tensor->dims[1], tensor->dims[2]),
              tensor->dims[3] > 1 ? "x..." : "", " found");
      return nullptr;
    }
    const FormatInfo* info = format_of(*tensor);
    if (info == nullptr || shape.k % info->elements != 0) {
      problem("tensor '", name, "' has the unsupported type ", tensor->format);
      return nullptr;
    }
    format = info->format;
    return tensor;
  }

  void matrix(const std::string& name, Size rows, Size k, Need need, WeightMatrix& target) {
    BoundTensor bound;
    const Shape shape{size_of(k, config_), size_of(rows, config_), 1};
    bound.tensor = check(name, shape, need, bound.format);
    if (bound.tensor == nullptr) return;
    bound.offset = bound.tensor->offset;
    bound.n_rows = shape.rows;
    bound.k = shape.k;
    bound.matrix = &target;
    out_.tensors.push_back(bound);
  }

  // `n` values for each of `slices`, of which a token needs one.
  void vector(const std::string& name, Size n, Need need, VectorView& target,
              Size slices = Size::kOne) {
    BoundTensor bound;
    const Shape shape{size_of(n, config_), size_of(slices, config_), 1};
    bound.tensor = check(name, shape, need, bound.format);
    if (bound.tensor == nullptr) return;
    bound.offset = bound.tensor->offset;
    bound.n_rows = 1;
    bound.k = shape.k;
    bound.n_slices = shape.rows;
    bound.vector = &target;
    out_.tensors.push_back(bound);
  }

  void layer_matrix(std::int64_t layer, const LayerMatrix& row, Need need, LayerWeights& weights) {
    BoundTensor bound;
    Shape shape{size_of(row.k, config_), 0, size_of(row.slices, config_)};
    for (const MatrixPart& part : row.parts) shape.rows += size_of(part.rows, config_);
    if (row.split_name != nullptr && gguf_.find_tensor(layer_name(layer, row.name)) == nullptr &&
        gguf_.find_tensor(expert_name(layer, row, 0)) != nullptr)
      return split_experts(layer, row, shape, weights);
    bound.tensor = check(layer_name(layer, row.name), shape, need, bound.format);
    if (bound.tensor == nullptr) return;
    bound.offset = bound.tensor->offset;
    bound.k = shape.k;
    bound.n_slices = shape.slices;
    bound.n_slices_read = shape.slices > 1 ? config_.n_experts_used : 1;
    for (const MatrixPart& part : row.parts) {
      if (part.member == nullptr) continue;
      bound.n_rows = size_of(part.rows, config_);
      bound.matrix = &(weights.*part.member);
      out_.tensors.push_back(bound);
      bound.offset += static_cast<std::uint64_t>(bound.n_rows * row_bytes(bound.format, bound.k));
    }
  }

  std::string expert_name(std::int64_t layer, const LayerMatrix& row, std::int64_t expert) const {
    return join(layer_name(layer, row.split_name), ".", expert, ".weight");
  }

  // Files from before early 2024 have a tensor for each expert. They are stored one after another,
  // as slices are, so all of one format and of whole pieces of the arena.
  void split_experts(std::int64_t layer, const LayerMatrix& row, const Shape& shape,
                     LayerWeights& weights) {
    BoundTensor first;
    for (std::int64_t expert = 0; expert < shape.slices; ++expert) {
      BoundTensor bound;
      const std::string name = expert_name(layer, row, expert);
      bound.tensor = check(name, {shape.k, shape.rows, 1}, Need::kRequired, bound.format);
      if (bound.tensor == nullptr) continue;
      if (expert > 0 && first.tensor != nullptr && bound.format != first.format)
        problem("tensor '", name, "' has another type than that of expert 0");
      if (stored_bytes(bound.format, shape.rows, shape.k) % kArenaAlignment != 0)
        problem("tensor '", name, "' has an unsupported size for an expert of its own");
      bound.offset = bound.tensor->offset;
      bound.k = shape.k;
      bound.n_rows = shape.rows;
      bound.is_one_of_several = true;
      bound.n_slices_read = expert < config_.n_experts_used ? 1 : 0;
      bound.matrix = &(weights.*(expert == 0 ? row.parts[0].member : &LayerWeights::last_expert));
      if (expert == 0) first = bound;
      out_.tensors.push_back(bound);
    }
  }

  void layer_vector(std::int64_t layer, const LayerVector& row, Need need, LayerWeights& weights) {
    BoundTensor bound;
    Shape shape{0, size_of(row.rows, config_), 1};
    for (const VectorPart& part : row.parts) shape.k += size_of(part.n, config_);
    const std::string name = layer_name(layer, row.name);
    bound.tensor = check(name, shape, need, bound.format);
    if (bound.tensor == nullptr) return;
    bound.offset = bound.tensor->offset;
    bound.n_rows = shape.rows;
    for (const VectorPart& part : row.parts) {
      if (part.member == nullptr) continue;
      bound.k = size_of(part.n, config_);
      if (bound.k % format_info(bound.format).elements != 0) {
        problem("tensor '", name, "' has the unsupported type ", bound.tensor->format);
        return;
      }
      bound.vector = &(weights.*part.member);
      out_.tensors.push_back(bound);
      bound.offset += static_cast<std::uint64_t>(row_bytes(bound.format, bound.k));
    }
  }

  template <class... Pieces>
  void problem(const Pieces&... pieces) {
    constexpr int kMostListed = 16;
    if (first_ != nullptr) return first_->problem(pieces...);
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
  Binder* const first_ = nullptr;
  std::string problems_;
  int n_problems_ = 0;
};

// What rows of the table ask of a file: an optional tensor that one layer has, all must have.
template <class Row>
std::pmr::vector<Need> needs_of(std::span<const Row> rows, const Binder& binder,
                                const ModelConfig& config, const TensorFacts& facts,
                                std::pmr::memory_resource* memory) {
  std::pmr::vector<Need> needs(memory);
  needs.reserve(rows.size());
  for (const Row& row : rows) {
    Need need = need_of(row.when, config, facts);
    if (need == Need::kOptional)
      need = binder.any_layer_has(row.name) ? Need::kRequired : Need::kNone;
    needs.push_back(need);
  }
  return needs;
}

void bind_layers(const ModelConfig& config, Binder& binder, ModelWeights& weights) {
  TensorFacts facts;
  facts.fused_qkv = binder.any_layer_has("attn_qkv.weight");
  facts.short_output = binder.any_layer_has("attn_o.weight");
  facts.two_norms = config.parallel_block && binder.any_layer_has("attn_norm_2.weight");
  std::pmr::memory_resource* const memory = weights.layers.get_allocator().resource();
  const std::span<const LayerVector> vectors = layer_vectors();
  const std::span<const LayerMatrix> matrices = layer_matrices();
  const auto vector_needs = needs_of(vectors, binder, config, facts, memory);
  const auto matrix_needs = needs_of(matrices, binder, config, facts, memory);
  for (std::size_t i = 0; i < weights.layers.size(); ++i) {
    const auto layer = static_cast<std::int64_t>(i);
    for (std::size_t row = 0; row < vectors.size(); ++row) {
      if (vector_needs[row] != Need::kNone && concerns(vectors[row].when, layer, config))
        binder.layer_vector(layer, vectors[row], vector_needs[row], weights.layers[i]);
    }
    for (std::size_t row = 0; row < matrices.size(); ++row) {
      if (matrix_needs[row] != Need::kNone)
        binder.layer_matrix(layer, matrices[row], matrix_needs[row], weights.layers[i]);
    }
  }
}

void bind_positions(const Gguf& gguf, const ModelConfig& config, Binder& binder,
                    ModelWeights& weights) {
  if (config.arch->learned_positions)
    binder.vector("position_embd.weight", Size::kEmbd, Need::kRequired, weights.positions,
                  Size::kContext);
  const bool after_sum = config.arch->norm_place == NormPlace::kSum;
  binder.vector("token_types.weight", Size::kEmbd, Need::kOptional, weights.token_types,
                Size::kTokenTypes);
  binder.vector("token_embd_norm.weight", Size::kEmbd,
                after_sum ? Need::kRequired : Need::kOptional, weights.embedding_norm);
  binder.vector("token_embd_norm.bias", Size::kEmbd, after_sum ? Need::kRequired : Need::kOptional,
                weights.embedding_norm_bias);
  if (config.n_rot == 0) return;
  binder.vector("rope_freqs.weight", Size::kHalfRot, Need::kOptional, weights.rope_factors);
  const char* const kShort = "rope_factors_short.weight";
  const char* const kLong = "rope_factors_long.weight";
  if (gguf.find_tensor(kShort) == nullptr && gguf.find_tensor(kLong) == nullptr) return;
  binder.vector(kShort, Size::kHalfRot, Need::kRequired, weights.rope_factors_short);
  binder.vector(kLong, Size::kHalfRot, Need::kRequired, weights.rope_factors_long);
}

// What is behind pooling: two layers, or a classifier.
void bind_pooling(const ModelConfig& config, Binder& binder, ModelWeights& weights) {
  if (config.n_dense_out > 0 || config.n_dense_hidden > 0) {
    binder.matrix("dense_2.weight", Size::kDenseHidden, Size::kEmbd, Need::kRequired,
                  weights.dense_2);
    binder.matrix("dense_3.weight", Size::kDenseOut, Size::kDenseHidden, Need::kRequired,
                  weights.dense_3);
  }
  if (config.n_labels == 0) return;
  binder.matrix("cls.weight", Size::kEmbd, Size::kEmbd, Need::kOptional, weights.classifier);
  binder.vector("cls.bias", Size::kEmbd, Need::kOptional, weights.classifier_bias);
  binder.matrix("cls.output.weight", Size::kLabels, Size::kEmbd, Need::kRequired, weights.labels);
  binder.vector("cls.output.bias", Size::kLabels, Need::kOptional, weights.labels_bias);
}

void bind_output_norm(const ModelConfig& config, Binder& binder, ModelWeights& weights) {
  if (config.arch->norm_place == NormPlace::kSum) return;
  const bool layer_norm = config.arch->norm == NormKind::kLayer;
  binder.vector(join(config.prefix(), "output_norm.weight"), Size::kEmbd, Need::kRequired,
                weights.output_norm);
  binder.vector(join(config.prefix(), "output_norm.bias"), Size::kEmbd,
                layer_norm ? Need::kRequired : Need::kOptional, weights.output_norm_bias);
}

void bind_encoder(const ModelConfig& config, Binder& decoder, ModelWeights& weights) {
  const ModelConfig encoder_config = config.encoder();
  Binder binder(decoder, encoder_config);
  weights.encoder = std::make_unique<ModelWeights>(weights.layers.get_allocator().resource());
  weights.encoder->layers.resize(static_cast<std::size_t>(encoder_config.n_layers));
  bind_layers(encoder_config, binder, *weights.encoder);
  bind_output_norm(encoder_config, binder, *weights.encoder);
}

}  // namespace

Status bind_weights(const Gguf& gguf, const ModelConfig& config, ModelWeights& weights,
                    BoundModel& out) {
  Binder binder(gguf, config, out);
  weights.layers.resize(static_cast<std::size_t>(config.n_layers));
  out.token_embedding = binder.check("token_embd.weight", {config.n_embd, config.n_vocab},
                                     Need::kRequired, out.token_embedding_format);
  bind_positions(gguf, config, binder, weights);
  if (config.n_encoder_layers > 0) bind_encoder(config, binder, weights);
  bind_layers(config, binder, weights);
  bind_output_norm(config, binder, weights);
  bind_pooling(config, binder, weights);
  if (!config.has_head) return binder.status();
  out.tied = gguf.find_tensor("output.weight") == nullptr;
  const char* head = out.tied ? "token_embd.weight" : "output.weight";
  if (out.token_embedding != nullptr)
    binder.matrix(head, Size::kVocab, Size::kEmbd, Need::kRequired, weights.output);
  binder.vector("output.bias", Size::kVocab, Need::kOptional, weights.output_bias);
  return binder.status();
}

void split_head(const ModelWeights& weights, BoundModel& bound) {
  for (BoundTensor& tensor : bound.tensors) {
    if (tensor.matrix == &weights.output) tensor.is_split = can_split(tensor.format);
  }
}

}  // namespace minnow
