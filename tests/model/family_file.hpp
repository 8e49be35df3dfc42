// FamilyFile: a tiny file of some family, built tensor by tensor; FamilyRow: opens such files and
// holds what they compute to the plain transformer of families_oracle.hpp.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "families_oracle.hpp"
#include "support/model_runs.hpp"
#include "support/npy.hpp"

namespace minnow::testing_support {

inline constexpr std::uint64_t kFamilyVocab = 47;  // odd: the last tile of the head is short

// A file of some family, built tensor by tensor.
struct FamilyFile {
  FamilyFile(std::string name, FamilySpec family, std::uint64_t embd, std::uint64_t ff)
      : spec(std::move(family)), n_embd(embd), n_ff(ff) {
    file.architecture = std::move(name);
    file.tensors.clear();
    while (file.tokens.size() < kFamilyVocab) {
      std::string token = "t";
      file.tokens.push_back(token += std::to_string(file.tokens.size()));
      file.types.push_back(1);
      file.scores.push_back(-1000.0f);
    }
    std::map<std::string, std::int64_t> numbers;
    for (const auto& [key, value] : file.numbers)
      if (key.rfind("tokenizer.", 0) == 0) numbers[key] = value;
    file.numbers = numbers;
    file.reals.clear();
    number("block_count", spec.n_layers);
    number("context_length", 64);
    number("embedding_length", static_cast<std::int64_t>(n_embd));
    number("feed_forward_length", static_cast<std::int64_t>(n_ff));
    number("attention.head_count", spec.n_heads);
    number("attention.head_count_kv", spec.n_kv_heads);
    number("attention.key_length", spec.head_dim);
    number("attention.value_length", spec.head_dim);
    if (spec.n_rot > 0) number("rope.dimension_count", spec.n_rot);
    real(spec.layer_norm ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon",
         static_cast<float>(spec.eps));
    file.put("token_embd.weight", {n_embd, kFamilyVocab});
    norm("output_norm");
  }

  void number(const std::string& key, std::int64_t value) {
    file.numbers[file.architecture + "." + key] = value;
  }
  void real(const std::string& key, float value) {
    file.reals[file.architecture + "." + key] = value;
  }
  // Weights around one.
  void scales(const std::string& name, std::vector<std::uint64_t> dims) {
    file.put(name, std::move(dims));
    for (float& value : file.tensors.at(name).values) value += 1.0f;
  }
  void norm(const std::string& name) {
    scales(name + ".weight", {n_embd});
    if (spec.layer_norm) file.put(name + ".bias", {n_embd});
  }
  std::uint64_t q_size() const { return static_cast<std::uint64_t>(spec.n_heads * spec.head_dim); }
  std::uint64_t k_size() const {
    return static_cast<std::uint64_t>(spec.n_kv_heads * spec.head_dim);
  }

  void each_layer(const std::function<void(const std::string&)>& add) {
    for (int i = 0; i < spec.n_layers; ++i) add(spec.prefix + "blk." + std::to_string(i) + ".");
  }
  void linear(const std::string& name, std::uint64_t k, std::uint64_t rows, bool bias) {
    file.put(name + ".weight", {k, rows});
    if (bias) file.put(name + ".bias", {rows});
  }
  void split_qkv(bool bias) {
    each_layer([&](const std::string& at) {
      linear(at + "attn_q", n_embd, q_size(), bias);
      linear(at + "attn_k", n_embd, k_size(), bias);
      linear(at + "attn_v", n_embd, k_size(), bias);
      linear(at + "attn_output", q_size(), n_embd, bias && spec.layer_norm);
    });
  }
  void fused_qkv(bool bias) {
    each_layer([&](const std::string& at) {
      linear(at + "attn_qkv", n_embd, q_size() + 2 * k_size(), bias);
      linear(at + "attn_output", q_size(), n_embd, bias);
    });
  }
  void plain_ffn(bool bias) {
    each_layer([&](const std::string& at) {
      linear(at + "ffn_up", n_embd, n_ff, bias);
      linear(at + "ffn_down", n_ff, n_embd, bias);
    });
  }
  void gated_ffn() {
    each_layer([&](const std::string& at) { file.put(at + "ffn_gate.weight", {n_embd, n_ff}); });
    plain_ffn(false);
  }
  void layer_norms(const std::vector<std::string>& names) {
    each_layer([&](const std::string& at) {
      for (const std::string& name : names) norm(at + name);
    });
  }
  void experts(std::uint64_t n, std::uint64_t width) {
    number("expert_count", static_cast<std::int64_t>(n));
    number("expert_used_count", spec.n_experts_used);
    number("expert_feed_forward_length", static_cast<std::int64_t>(width));
    each_layer([&](const std::string& at) {
      file.put(at + "ffn_gate_inp.weight", {n_embd, n});
      file.put(at + "ffn_gate_exps.weight", {n_embd, width, n});
      file.put(at + "ffn_up_exps.weight", {n_embd, width, n});
      file.put(at + "ffn_down_exps.weight", {width, n_embd, n});
    });
  }

  FamilySpec spec;
  std::uint64_t n_embd;
  std::uint64_t n_ff;
  ModelFile file;
};

class FamilyRow : public ::testing::Test {
 protected:
  Status open(const Bytes& bytes, const std::string& isa = "auto", int n_threads = 2) {
    model_.reset();
    bytes_ = bytes;
    MappedFile mapped;
    MINNOW_TRY(MappedFile::open_memory(bytes_, "family.gguf", mapped));
    Options options;
    options.isa = isa;
    options.threads = n_threads;
    return Model::open(std::move(mapped), options, model_);
  }

  // Logits of all tokens; of the answer to `source` where that is not empty.
  Status evaluate(const Options& options, const std::vector<Token>& source,
                  const std::vector<Token>& tokens, std::vector<float>& out) {
    std::unique_ptr<Session> session;
    MINNOW_TRY(Session::create(model_, options, session));
    if (!source.empty()) MINNOW_TRY(session->encode(source));
    const auto append = [](void* user, std::size_t, std::size_t n, const float* logits) {
      auto* all = static_cast<std::vector<float>*>(user);
      all->insert(all->end(), logits, logits + n * kFamilyVocab);
      return true;
    };
    return session->evaluate(tokens, {append, &out});
  }

  // The same bits from every table, for any threads and batches, near `expected`.
  void expect_logits(const Bytes& bytes, const std::vector<float>& expected,
                     const std::vector<Token>& source, const std::vector<Token>& tokens,
                     int n_ctx = 0) {
    Options options;
    options.kv_type = "f32";
    options.n_ctx = n_ctx;
    std::vector<float> first;
    for (const std::string& isa : table_names()) {
      if (!why_not_run(isa).empty()) continue;
      for (const int n_threads : {1, 2, 3}) {
        ASSERT_TRUE(is_ok(open(bytes, isa, n_threads)));
        for (const int n_batch : {64, 7, 1}) {
          options.n_batch = n_batch;
          std::vector<float> actual;
          ASSERT_TRUE(is_ok(evaluate(options, source, tokens, actual)));
          if (first.empty()) {
            first = actual;
            ASSERT_EQ(actual.size(), expected.size());
            // A thousand roundings of float32.
            EXPECT_LT(max_abs_difference(expected, actual), 1e-4 * value_range(expected));
          }
          EXPECT_EQ(actual, first) << isa << ", " << n_threads << " threads, " << n_batch;
        }
        if (isa == "scalar") break;  // it defines the numbers, slowly
      }
    }
  }

  static std::vector<Token> some_tokens(int n) {
    std::vector<Token> tokens;
    for (int i = 0; i < n; ++i) tokens.push_back(static_cast<Token>((i * 29 + 7) % kFamilyVocab));
    return tokens;
  }

  void expect_oracle(const FamilyFile& family, const Bytes& bytes, int n_ctx = 0) {
    const std::vector<Token> tokens = some_tokens(23);
    expect_logits(bytes, oracle_logits(family.file, family.spec, tokens), {}, tokens, n_ctx);
  }
  void expect_oracle(const FamilyFile& family) { expect_oracle(family, family.file.build()); }
  void expect_refused(const ModelFile& file, const std::vector<std::string>& texts) {
    EXPECT_TRUE(fails(open(file.build()), StatusCode::kBadFile, texts));
    EXPECT_EQ(model_, nullptr);
  }

  Bytes bytes_;
  std::shared_ptr<Model> model_;
};

}  // namespace minnow::testing_support
