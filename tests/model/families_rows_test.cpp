// Families without reference logits of their own, and awkward sizes of those with them, against the
// plain float64 transformer of families_oracle.hpp: heads that do not divide the width, one key
// head, partial rotation, odd widths and vocabularies, biases and heads tied or not.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>

#include "families_oracle.hpp"
#include "support/model_runs.hpp"
#include "support/npy.hpp"

namespace minnow {
namespace {

using namespace testing_support;
using HeadNorms = FamilySpec::HeadNorms;
using Act = FamilySpec::Act;

constexpr std::uint64_t kVocab = 47;  // odd, so that the last tile of the head is short

// A file of some family, built tensor by tensor.
struct FamilyFile {
  FamilyFile(std::string name, FamilySpec family, std::uint64_t embd, std::uint64_t ff)
      : spec(std::move(family)), n_embd(embd), n_ff(ff) {
    file.architecture = std::move(name);
    file.tensors.clear();
    while (file.tokens.size() < kVocab) {
      file.tokens.push_back("t" + std::to_string(file.tokens.size()));
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
    file.put("token_embd.weight", {n_embd, kVocab});
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
    for (int i = 0; i < spec.n_layers; ++i) add("blk." + std::to_string(i) + ".");
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
  Status open(const Bytes& bytes) {
    bytes_ = bytes;
    MappedFile mapped;
    MINNOW_TRY(MappedFile::open_memory(bytes_, "family.gguf", mapped));
    Options options;
    options.threads = 2;
    return Model::open(std::move(mapped), options, model_);
  }

  void expect_oracle(const FamilyFile& family, const Bytes& bytes, int n_ctx = 0) {
    ASSERT_TRUE(is_ok(open(bytes)));
    std::vector<Token> tokens;
    for (int i = 0; i < 23; ++i) tokens.push_back(static_cast<Token>((i * 29 + 7) % kVocab));
    const std::vector<float> expected = oracle_logits(family.file, family.spec, tokens);
    std::vector<float> first;
    for (const int n_batch : {64, 7, 1}) {
      Options options;
      options.kv_type = "f32";
      options.n_batch = n_batch;
      options.n_ctx = n_ctx;
      const auto session = must_create(model_, options);
      ASSERT_NE(session, nullptr);
      std::vector<float> actual;
      ASSERT_TRUE(is_ok(session->evaluate(
          tokens, {[](void* user, std::size_t, std::size_t n, const float* logits) {
                     auto* all = static_cast<std::vector<float>*>(user);
                     all->insert(all->end(), logits, logits + n * kVocab);
                     return true;
                   },
                   &actual})));
      ASSERT_EQ(actual.size(), expected.size());
      // A thousand roundings of float32.
      EXPECT_LT(max_abs_difference(expected, actual), 1e-4 * value_range(expected)) << n_batch;
      if (first.empty()) first = actual;
      EXPECT_EQ(actual, first) << n_batch;
    }
  }
  void expect_oracle(const FamilyFile& family) { expect_oracle(family, family.file.build()); }
  void expect_refused(const ModelFile& file, const std::vector<std::string>& texts) {
    model_.reset();
    EXPECT_TRUE(fails(open(file.build()), StatusCode::kBadFile, texts));
    EXPECT_EQ(model_, nullptr);
  }

  Bytes bytes_;
  std::shared_ptr<Model> model_;
};

FamilyFile neox() {
  FamilySpec spec;
  spec.n_heads = spec.n_kv_heads = 3;
  spec.head_dim = 12;
  spec.n_rot = 4;
  spec.layer_norm = true;
  spec.act = Act::kGeluErf;
  FamilyFile family("gptneox", spec, 36, 50);
  family.fused_qkv(true);
  family.plain_ffn(true);
  family.layer_norms({"attn_norm", "ffn_norm"});
  family.file.put("output.weight", {36, kVocab});
  return family;
}

TEST_F(FamilyRow, GptNeoXFollowsTheFilesParallelResidual) {
  FamilyFile family = neox();
  for (const bool parallel : {true, false}) {
    family.spec.parallel = parallel;
    GgufWriter writer = family.file.writer();
    writer.add("gptneox.use_parallel_residual", parallel);
    expect_oracle(family, writer.build());
  }
  expect_refused(family.file, {"'gptneox.use_parallel_residual' is missing"});
}

FamilyFile phi2(bool bias) {
  FamilySpec spec;
  spec.n_kv_heads = 1;
  spec.head_dim = 10;
  spec.n_rot = 6;
  spec.layer_norm = spec.parallel = true;
  spec.act = Act::kGeluTanh;
  FamilyFile family("phi2", spec, 33, 21);
  family.split_qkv(bias);
  family.plain_ffn(bias);
  family.layer_norms({"attn_norm"});
  family.linear("output", 33, kVocab, bias);
  return family;
}

TEST_F(FamilyRow, Phi2ReadsOneNormTwice) {
  expect_oracle(phi2(true));
  expect_oracle(phi2(false));
}

FamilyFile stablelm(bool parallel) {
  FamilySpec spec;
  spec.n_rot = 2;
  spec.layer_norm = true;
  spec.parallel = parallel;
  if (parallel) spec.head_norms = HeadNorms::kOwn;
  FamilyFile family("stablelm", spec, 32, 48);
  family.split_qkv(false);
  family.gated_ffn();
  family.layer_norms({"attn_norm"});
  if (!parallel) family.layer_norms({"ffn_norm"});
  if (parallel) {
    family.each_layer([&](const std::string& at) {
      family.scales(at + "attn_q_norm.weight", {8, 4});
      family.scales(at + "attn_k_norm.weight", {8, 2});
    });
  }
  family.file.put("output.weight", {32, kVocab});
  return family;
}

TEST_F(FamilyRow, StableLmIsParallelWithoutASecondNorm) {
  expect_oracle(stablelm(false));
  expect_oracle(stablelm(true));
}

TEST_F(FamilyRow, Olmo2NormsWhatItsBlocksGive) {
  FamilySpec spec;
  spec.head_norms = HeadNorms::kWholeRow;
  FamilyFile family("olmo2", spec, 32, 40);
  family.split_qkv(false);
  family.gated_ffn();
  family.layer_norms({"post_attention_norm", "post_ffw_norm"});
  family.each_layer([&](const std::string& at) {
    family.scales(at + "attn_q_norm.weight", {32});
    family.scales(at + "attn_k_norm.weight", {16});
  });
  family.file.put("output.weight", {32, kVocab});
  expect_oracle(family);
}

TEST_F(FamilyRow, SmolLm3RotatesThreeLayersOfFour) {
  FamilySpec spec;
  spec.n_layers = 5;
  spec.n_kv_heads = 1;
  spec.halves = false;
  spec.no_rope_every = 4;
  FamilyFile family("smollm3", spec, 32, 40);
  family.split_qkv(false);
  family.gated_ffn();
  family.layer_norms({"attn_norm", "ffn_norm"});
  expect_oracle(family);
}

TEST_F(FamilyRow, StarCoder2HasBiasesAndNoGate) {
  FamilySpec spec;
  spec.layer_norm = true;
  spec.act = Act::kGeluTanh;
  FamilyFile family("starcoder2", spec, 32, 40);
  family.split_qkv(true);
  family.plain_ffn(true);
  family.layer_norms({"attn_norm", "ffn_norm"});
  expect_oracle(family);
}

TEST_F(FamilyRow, FalconGivesEachBlockItsNorm) {
  FamilySpec spec;
  spec.n_heads = 6;
  spec.n_kv_heads = 2;
  spec.head_dim = spec.n_rot = 6;
  spec.layer_norm = spec.parallel = true;
  spec.act = Act::kGeluErf;
  FamilyFile family("falcon", spec, 36, 70);
  family.fused_qkv(false);
  family.plain_ffn(false);
  family.layer_norms({"attn_norm", "attn_norm_2"});
  expect_oracle(family);
}

TEST_F(FamilyRow, GemmaScalesItsEmbedding) {
  FamilySpec spec;
  spec.n_heads = 3;
  spec.n_kv_heads = 1;
  spec.head_dim = spec.n_rot = 14;
  spec.act = Act::kGeluTanh;
  spec.embedding_scale = std::sqrt(28.0);
  FamilyFile family("gemma", spec, 28, 44);
  family.split_qkv(false);
  family.gated_ffn();
  family.layer_norms({"attn_norm", "ffn_norm"});
  expect_oracle(family);
}

TEST_F(FamilyRow, Gemma2CapsAndLooksBack) {
  FamilySpec spec;
  spec.n_layers = 3;
  spec.window = 5;
  spec.full_every = 2;
  spec.act = Act::kGeluTanh;
  spec.embedding_scale = std::sqrt(32.0);
  spec.attention_softcap = 2.0;
  spec.final_softcap = 3.0;
  FamilyFile family("gemma2", spec, 32, 44);
  family.number("attention.sliding_window", 5);
  family.real("attn_logit_softcapping", 2.0f);
  family.real("final_logit_softcapping", 3.0f);
  family.split_qkv(false);
  family.gated_ffn();
  family.layer_norms({"attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm"});
  expect_oracle(family);
}

FamilyFile phi3() {
  FamilySpec spec;
  spec.n_rot = 6;
  spec.window = 9;
  FamilyFile family("phi3", spec, 32, 23);
  family.number("attention.sliding_window", 9);
  family.number("rope.scaling.original_context_length", 32);
  family.real("rope.scaling.attn_factor", 1.25f);
  family.spec.rope_factor = 1.25;
  family.fused_qkv(false);
  family.each_layer([&](const std::string& at) {
    family.file.put(at + "ffn_up.weight", {32, 46});
    family.file.put(at + "ffn_down.weight", {23, 32});
  });
  family.layer_norms({"attn_norm", "ffn_norm"});
  for (const char* name : {"rope_factors_short.weight", "rope_factors_long.weight"})
    family.scales(name, {3});
  return family;
}

TEST_F(FamilyRow, Phi3TakesItsRopeFactorsByTheContext) {
  FamilyFile family = phi3();
  for (const int n_ctx : {32, 33}) {
    const bool is_long = n_ctx > 32;
    const auto& factors =
        family.file.tensors.at(is_long ? "rope_factors_long.weight" : "rope_factors_short.weight");
    family.spec.rope_divisors.assign(factors.values.begin(), factors.values.end());
    expect_oracle(family, family.file.build(), n_ctx);
  }
  family.file.tensors.erase("rope_factors_long.weight");
  family.file.tensors.erase("blk.1.attn_qkv.weight");
  family.file.put("blk.0.ffn_up.weight", {32, 23});
  expect_refused(family.file,
                 {"'rope_factors_long.weight' is missing", "'blk.1.attn_qkv.weight' is missing",
                  "'blk.0.ffn_up.weight': 32x46 expected, 32x23 found"});
}

TEST_F(FamilyRow, LinearScalingReachesWindowedLayers) {
  FamilySpec spec;
  spec.halves = false;
  spec.window = 6;
  spec.rope_divisors.assign(4, 2.5);
  FamilyFile family("llama", spec, 32, 24);
  family.number("attention.sliding_window", 6);
  family.real("rope.scaling.factor", 2.5f);
  family.split_qkv(true);
  family.gated_ffn();
  family.layer_norms({"attn_norm", "ffn_norm"});
  GgufWriter writer = family.file.writer();
  writer.add_string("llama.rope.scaling.type", "linear");
  expect_oracle(family, writer.build());
}

FamilyFile gpt2() {
  FamilySpec spec;
  spec.n_heads = spec.n_kv_heads = 3;
  spec.head_dim = 11;
  spec.n_rot = 0;
  spec.layer_norm = true;
  spec.act = Act::kGeluTanh;
  FamilyFile family("gpt2", spec, 33, 40);
  family.fused_qkv(true);
  family.plain_ffn(true);
  family.layer_norms({"attn_norm", "ffn_norm"});
  family.file.put("position_embd.weight", {33, 64});
  return family;
}

TEST_F(FamilyRow, Gpt2RefusesPositionsItHasNotLearned) {
  const FamilyFile family = gpt2();
  expect_oracle(family);
  Options options;
  options.n_ctx = 100;
  const auto session = must_create(model_, options);
  ASSERT_NE(session, nullptr);
  EXPECT_TRUE(is_ok(session->prefill(std::vector<Token>(64, 5))));
  EXPECT_TRUE(fails(session->prefill(std::vector<Token>(1, 5)), StatusCode::kContextFull,
                    {"64 positions"}));
}

TEST_F(FamilyRow, Gpt2NamesAllThatIsMissing) {
  FamilyFile family = gpt2();
  for (const char* name : {"blk.1.attn_qkv.bias", "blk.0.ffn_up.weight", "output_norm.bias"})
    family.file.tensors.erase(name);
  family.file.put("position_embd.weight", {33, 63});
  expect_refused(family.file, {"'blk.1.attn_qkv.bias' is missing",
                               "'blk.0.ffn_up.weight' is missing", "'output_norm.bias' is missing",
                               "'position_embd.weight': 33x64 expected, 33x63 found"});
}

FamilyFile qwen2moe() {
  FamilySpec spec;
  spec.n_experts_used = 2;
  spec.normalises_experts = false;
  FamilyFile family("qwen2moe", spec, 32, 24);
  family.split_qkv(true);
  family.layer_norms({"attn_norm", "ffn_norm"});
  family.experts(5, 20);
  family.number("expert_shared_feed_forward_length", 22);
  family.each_layer([&](const std::string& at) {
    family.file.put(at + "ffn_gate_inp_shexp.weight", {32});
    family.file.put(at + "ffn_gate_shexp.weight", {32, 22});
    family.file.put(at + "ffn_up_shexp.weight", {32, 22});
    family.file.put(at + "ffn_down_shexp.weight", {22, 32});
  });
  return family;
}

TEST_F(FamilyRow, Qwen2MoeAddsASharedExpert) {
  expect_oracle(qwen2moe());
}

TEST_F(FamilyRow, Qwen3MoeTakesTheLowerOfTwoEqualExperts) {
  FamilySpec spec;
  spec.head_dim = spec.n_rot = 12;
  spec.head_norms = HeadNorms::kShared;
  spec.n_experts_used = 3;
  FamilyFile family("qwen3moe", spec, 32, 24);
  family.split_qkv(false);
  family.layer_norms({"attn_norm", "ffn_norm"});
  family.each_layer([&](const std::string& at) {
    family.scales(at + "attn_q_norm.weight", {12});
    family.scales(at + "attn_k_norm.weight", {12});
  });
  family.experts(7, 18);
  family.each_layer([&](const std::string& at) {  // the router cannot tell 0 to 3 apart
    auto& router = family.file.tensors.at(at + "ffn_gate_inp.weight").values;
    for (std::size_t i = 32; i < 4 * 32; ++i) router[i] = router[i - 32];
  });
  expect_oracle(family);
}

TEST_F(FamilyRow, MixturesNameEveryWrongCount) {
  FamilyFile family = qwen2moe();
  family.number("expert_count", 6);
  family.file.tensors.erase("blk.1.ffn_up_shexp.weight");
  expect_refused(family.file, {"'blk.0.ffn_gate_inp.weight': 32x6 expected, 32x5 found",
                               "'blk.1.ffn_down_exps.weight': 20x32x6 expected, 20x32x5 found",
                               "'blk.1.ffn_up_shexp.weight' is missing"});
  family.number("expert_count", 5);
  family.number("expert_used_count", 6);
  family.number("expert_gating_func", 2);
  expect_refused(family.file,
                 {"'qwen2moe.expert_used_count' is 6", "'qwen2moe.expert_gating_func' is 2"});
  family.file.numbers.erase("qwen2moe.expert_count");
  expect_refused(family.file, {"'qwen2moe.expert_count' is missing"});
}

}  // namespace
}  // namespace minnow
