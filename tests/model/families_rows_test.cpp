// Families without reference logits of their own, and awkward sizes of those with them, against the
// plain float64 transformer of families_oracle.hpp: heads that do not divide the width, one key
// head, partial rotation, odd widths and vocabularies, biases and heads tied or not.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "family_file.hpp"

namespace minnow {
namespace {

using namespace testing_support;
using HeadNorms = FamilySpec::HeadNorms;
using Act = FamilySpec::Act;

constexpr std::uint64_t kVocab = kFamilyVocab;

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

TEST_F(FamilyRow, Llama3DividesItsFrequenciesByATensor) {
  FamilySpec spec;
  spec.halves = false;
  spec.n_heads = 5;
  spec.n_kv_heads = 1;
  spec.head_dim = 14;
  spec.n_rot = 10;
  FamilyFile family("llama", spec, 31, 29);
  family.scales("rope_freqs.weight", {5});
  const auto& divisors = family.file.tensors.at("rope_freqs.weight").values;
  family.spec.rope_divisors.assign(divisors.begin(), divisors.end());
  family.split_qkv(false);
  family.gated_ffn();
  family.layer_norms({"attn_norm", "ffn_norm"});
  expect_oracle(family);
}

// Peng et al., "YaRN" (arXiv 2309.00071): what a frequency is divided by, from 1 where a text of
// the training's length turns often to the whole factor where it hardly turns.
std::vector<double> yarn_divisors(int n_rot, double factor, double original_context) {
  const auto dimension_of = [&](double rotations) {
    return n_rot * std::log(original_context / (rotations * 2 * M_PI)) / (2 * std::log(10000.0));
  };
  const double low = std::max(std::floor(dimension_of(32.0)), 0.0);
  const double high = std::min(std::ceil(dimension_of(1.0)), n_rot - 1.0);
  std::vector<double> divisors;
  for (int i = 0; i < n_rot / 2; ++i) {
    const double ramp = std::clamp((i - low) / std::max(high - low, 0.001), 0.0, 1.0);
    divisors.push_back(1.0 / (ramp / factor + 1.0 - ramp));
  }
  return divisors;
}

TEST_F(FamilyRow, YarnStretchesTheSlowFrequencies) {
  FamilySpec spec;
  spec.n_heads = 3;
  spec.n_kv_heads = 1;
  spec.head_dim = 26;
  spec.n_rot = 18;
  spec.rope_divisors = yarn_divisors(18, 4.0, 32.0);
  spec.rope_factor = 1.0 + 0.1 * std::log(4.0);
  FamilyFile family("qwen2", spec, 35, 24);
  family.real("rope.scaling.factor", 4.0f);
  family.number("rope.scaling.original_context_length", 32);
  family.split_qkv(true);
  family.gated_ffn();
  family.layer_norms({"attn_norm", "ffn_norm"});
  GgufWriter writer = family.file.writer();
  writer.add_string("qwen2.rope.scaling.type", "yarn");
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

// Mixtral's first files: a tensor for each expert.
TEST_F(FamilyRow, MixturesMayHaveATensorForEachExpert) {
  FamilySpec spec;
  spec.halves = false;
  spec.n_experts_used = 2;
  FamilyFile family("llama", spec, 32, 24);
  family.split_qkv(false);
  family.layer_norms({"attn_norm", "ffn_norm"});
  family.experts(5, 20);
  ModelFile split = family.file;
  family.each_layer([&](const std::string& at) {
    for (const std::string name : {"ffn_gate", "ffn_up", "ffn_down"}) {
      const auto& all = family.file.tensors.at(at + name + "_exps.weight");
      split.tensors.erase(at + name + "_exps.weight");
      const std::size_t n = all.values.size() / 5;
      for (std::size_t e = 0; e < 5; ++e) {
        const auto begin = all.values.begin() + static_cast<std::ptrdiff_t>(e * n);
        split.tensors[at + name + "." + std::to_string(e) + ".weight"] = {
            {all.dims[0], all.dims[1]}, {begin, begin + static_cast<std::ptrdiff_t>(n)}};
      }
    }
  });
  expect_oracle(family, split.build());
  expect_oracle(family);
  split.tensors.erase("blk.1.ffn_up.3.weight");
  split.put("blk.0.ffn_gate.4.weight", {32, 19});
  expect_refused(split, {"'blk.1.ffn_up.3.weight' is missing",
                         "'blk.0.ffn_gate.4.weight': 32x20 expected, 32x19 found"});
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
