#include "support/model_file.hpp"

#include <functional>
#include <random>

namespace minnow::testing_support {

namespace {

constexpr std::uint32_t kGgmlF32Type = 0;
constexpr std::uint64_t kEmbd = 32, kKv = 16, kFeedForward = 48, kVocab = 44;

}  // namespace

ModelFile::ModelFile() {
  numbers = {{"llama.block_count", 2},
             {"llama.context_length", 64},
             {"llama.embedding_length", kEmbd},
             {"llama.feed_forward_length", kFeedForward},
             {"llama.attention.head_count", 4},
             {"llama.attention.head_count_kv", 2},
             {"tokenizer.ggml.bos_token_id", 1},
             {"tokenizer.ggml.eos_token_id", 2},
             {"tokenizer.ggml.unknown_token_id", 0}};
  reals = {{"llama.attention.layer_norm_rms_epsilon", 1e-5f}, {"llama.rope.freq_base", 10000.0f}};
  tokens = {"<unk>", "<s>", "</s>"};
  types = {2, 3, 3};
  for (int i = 0; tokens.size() < kVocab; ++i) {
    tokens.push_back(std::string(1, static_cast<char>('A' + i)));
    types.push_back(1);
  }
  for (std::size_t i = 0; i < tokens.size(); ++i) scores.push_back(-static_cast<float>(i));
  put("token_embd.weight", {kEmbd, kVocab});
  put("output_norm.weight", {kEmbd});
  put("output.weight", {kEmbd, kVocab});
  for (const char* layer : {"blk.0.", "blk.1."}) {
    const std::string name = layer;
    put(name + "attn_norm.weight", {kEmbd});
    put(name + "attn_q.weight", {kEmbd, kEmbd});
    put(name + "attn_k.weight", {kEmbd, kKv});
    put(name + "attn_v.weight", {kEmbd, kKv});
    put(name + "attn_output.weight", {kEmbd, kEmbd});
    put(name + "ffn_norm.weight", {kEmbd});
    put(name + "ffn_gate.weight", {kEmbd, kFeedForward});
    put(name + "ffn_up.weight", {kEmbd, kFeedForward});
    put(name + "ffn_down.weight", {kFeedForward, kEmbd});
  }
}

void ModelFile::put(const std::string& name, std::vector<std::uint64_t> dims) {
  std::uint64_t n = 1;
  for (const std::uint64_t dim : dims) n *= dim;
  std::mt19937 engine(static_cast<unsigned>(std::hash<std::string>{}(name)));
  std::normal_distribution<float> normal(0.0f, 0.2f);
  Tensor tensor{std::move(dims), std::vector<float>(n)};
  for (float& value : tensor.values) value = normal(engine);
  tensors[name] = std::move(tensor);
}

GgufWriter ModelFile::writer() const {
  GgufWriter writer;
  writer.add_string("general.architecture", architecture);
  for (const auto& [key, value] : numbers) {
    if (value >= 0 && value <= UINT32_MAX)
      writer.add(key, static_cast<std::uint32_t>(value));
    else
      writer.add(key, value);
  }
  for (const auto& [key, value] : reals) writer.add(key, value);
  writer.add_string("tokenizer.ggml.model", tokenizer_model);
  if (!pre_tokenizer.empty()) writer.add_string("tokenizer.ggml.pre", pre_tokenizer);
  writer.add_strings("tokenizer.ggml.tokens", tokens);
  if (!scores.empty()) writer.add_array("tokenizer.ggml.scores", scores);
  if (!types.empty()) writer.add_array("tokenizer.ggml.token_type", types);
  if (!merges.empty()) writer.add_strings("tokenizer.ggml.merges", merges);
  for (const auto& [name, tensor] : tensors) {
    Bytes data;
    for (const float value : tensor.values) append_number(data, value);
    writer.add_tensor(name, tensor.dims, kGgmlF32Type, data);
  }
  return writer;
}

}  // namespace minnow::testing_support
