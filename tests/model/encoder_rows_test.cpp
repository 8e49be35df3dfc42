// Encoders, and decoders with one in front of them, against the plain float64 transformer: awkward
// sizes, windows that reach both ways, buckets of distances, feed-forwards with and without a gate.
#include <gtest/gtest.h>

#include <cmath>

#include "family_file.hpp"

namespace minnow {
namespace {

using namespace testing_support;
using Act = FamilySpec::Act;

std::vector<float> flat(const std::vector<std::vector<double>>& rows) {
  std::vector<float> values;
  for (const auto& row : rows)
    for (const double value : row) values.push_back(static_cast<float>(value));
  return values;
}

class EncoderRow : public FamilyRow {
 protected:
  // The states of a text, the same bits from every table and for any threads.
  void expect_states(const FamilyFile& family, const Bytes& bytes) {
    const std::vector<Token> tokens = some_tokens(37);
    const std::vector<float> expected = flat(oracle_states(family.file, family.spec, tokens));
    Options options;
    options.pooling = "none";
    options.normalize = 0;
    std::vector<float> first;
    for (const std::string& isa : table_names()) {
      if (!why_not_run(isa).empty()) continue;
      for (const int n_threads : {1, 2, 3}) {
        ASSERT_TRUE(is_ok(open(bytes, isa, n_threads)));
        const auto session = must_create(model_, options);
        ASSERT_NE(session, nullptr);
        Embedding states;
        ASSERT_TRUE(is_ok(session->embed(tokens, states)));
        ASSERT_EQ(states.n_rows, 37);
        ASSERT_EQ(states.n_embd, static_cast<std::int64_t>(family.n_embd));
        const std::vector<float> actual(states.values,
                                        states.values + states.n_rows * states.n_embd);
        if (first.empty()) {
          first = actual;
          // A thousand roundings of float32.
          EXPECT_LT(max_abs_difference(expected, actual), 1e-4 * value_range(expected));
        }
        EXPECT_EQ(actual, first) << isa << ", " << n_threads << " threads";
      }
    }
  }
};

FamilySpec encoder_spec() {
  FamilySpec spec;
  spec.sees_all = true;
  return spec;
}

void norms_on_sums(FamilyFile& family) {
  for (const char* name : {"output_norm.weight", "output_norm.bias"})
    family.file.tensors.erase(name);
  family.layer_norms({"attn_output_norm", "layer_output_norm"});
  family.norm("token_embd_norm");
}

FamilyFile bert(bool fused, bool bias) {
  FamilySpec spec = encoder_spec();
  spec.n_heads = spec.n_kv_heads = 3;
  spec.head_dim = 11;
  spec.n_rot = 0;
  spec.layer_norm = true;
  spec.act = Act::kGeluErf;
  FamilyFile family("bert", spec, 33, 21);
  if (fused)
    family.fused_qkv(bias);
  else
    family.split_qkv(bias);
  family.plain_ffn(bias);
  norms_on_sums(family);
  family.file.put("position_embd.weight", {33, 64});
  family.file.put("token_types.weight", {33, 2});
  return family;
}

TEST_F(EncoderRow, BertNormsTheSums) {
  for (const bool fused : {false, true})
    for (const bool bias : {false, true}) {
      const FamilyFile family = bert(fused, bias);
      expect_states(family, family.file.build());
    }
}

TEST_F(EncoderRow, BertWithoutSegmentsIsRoberta) {
  FamilyFile family = bert(false, true);
  family.file.put("token_types.weight", {33, 1});
  expect_states(family, family.file.build());
  family.file.tensors.erase("token_types.weight");
  expect_states(family, family.file.build());
}

TEST_F(EncoderRow, BertRefusesPositionsItHasNotLearned) {
  ASSERT_TRUE(is_ok(open(bert(false, true).file.build())));
  Options options;
  options.n_ctx = 100;
  const auto session = must_create(model_, options);
  ASSERT_NE(session, nullptr);
  Embedding out;
  EXPECT_TRUE(is_ok(session->embed(some_tokens(64), out)));
  EXPECT_TRUE(
      fails(session->embed(some_tokens(65), out), StatusCode::kContextFull, {"64 positions"}));
}

TEST_F(EncoderRow, NomicBertRotatesAndGates) {
  FamilySpec spec = encoder_spec();
  spec.n_kv_heads = spec.n_heads = 4;
  spec.head_dim = 10;
  spec.n_rot = 6;
  spec.rope_base = 1000.0;
  spec.layer_norm = true;
  FamilyFile family("nomic-bert", spec, 36, 50);
  family.real("rope.freq_base", 1000.0f);
  family.fused_qkv(false);
  family.gated_ffn();
  norms_on_sums(family);
  family.file.put("token_types.weight", {36, 2});
  expect_states(family, family.file.build());
}

FamilyFile gemma_embedding() {
  FamilySpec spec = encoder_spec();
  spec.n_layers = 7;
  spec.n_heads = 3;
  spec.n_kv_heads = 1;
  spec.head_dim = spec.n_rot = 12;
  spec.act = Act::kGeluTanh;
  spec.head_norms = FamilySpec::HeadNorms::kShared;
  spec.embedding_scale = std::sqrt(28.0);
  spec.window = 9;
  spec.full_every = 6;
  FamilyFile family("gemma-embedding", spec, 28, 44);
  family.number("attention.sliding_window", 9);
  family.split_qkv(false);
  family.gated_ffn();
  family.layer_norms({"attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm"});
  family.each_layer([&](const std::string& at) {
    family.scales(at + "attn_q_norm.weight", {12});
    family.scales(at + "attn_k_norm.weight", {12});
  });
  return family;
}

TEST_F(EncoderRow, EmbeddingGemmaSeesHalfItsWindowEachWay) {
  const FamilyFile family = gemma_embedding();
  expect_states(family, family.file.build());
}

TEST_F(EncoderRow, LayersBehindPoolingMakeTheVector) {
  FamilyFile family = gemma_embedding();
  family.file.put("dense_2.weight", {28, 50});
  family.file.put("dense_3.weight", {50, 20});
  family.number("dense_2_feat_in", 28);
  family.number("dense_2_feat_out", 50);
  family.number("dense_3_feat_in", 50);
  family.number("dense_3_feat_out", 20);
  family.number("pooling_type", 1);
  ASSERT_TRUE(is_ok(open(family.file.build())));
  const auto session = must_create(model_);
  Embedding out;
  const std::vector<Token> tokens = some_tokens(9);
  ASSERT_TRUE(is_ok(session->embed(tokens, out)));
  ASSERT_EQ(out.n_rows, 1);
  ASSERT_EQ(out.n_embd, 20);
  std::vector<double> x(28), hidden(50), y(20);
  for (const auto& state : oracle_states(family.file, family.spec, tokens))
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += state[i] / 9.0;
  const auto apply = [&](const char* name, const std::vector<double>& in, std::vector<double>& to) {
    const auto& values = family.file.tensors.at(name).values;
    for (std::size_t r = 0; r < to.size(); ++r)
      for (std::size_t i = 0; i < in.size(); ++i) to[r] += in[i] * values[r * in.size() + i];
  };
  apply("dense_2.weight", x, hidden);
  apply("dense_3.weight", hidden, y);
  double square = 0;
  for (const double value : y) square += value * value;
  for (std::size_t i = 0; i < y.size(); ++i)
    EXPECT_NEAR(out.values[i], y[i] / std::sqrt(square), 1e-4);

  family.number("dense_3_feat_in", 51);
  family.file.tensors.erase("dense_2.weight");
  expect_refused(family.file, {"'gemma-embedding.dense_3_feat_in' is 51"});
}

// Both stacks of a T5; the answers' logits.
struct TwoStacks {
  FamilySpec encoder, decoder;
  FamilyFile family;
};

TwoStacks t5(bool gated, bool own_buckets, bool tied) {
  FamilySpec encoder = encoder_spec();
  encoder.n_layers = 3;
  encoder.n_heads = encoder.n_kv_heads = 3;
  encoder.head_dim = 10;
  encoder.n_rot = 0;
  encoder.scales_scores = false;
  encoder.relative_buckets = 8;
  encoder.act = gated ? Act::kGeluTanh : Act::kRelu;
  encoder.prefix = "enc.";
  FamilySpec decoder = encoder;
  decoder.n_layers = 2;
  decoder.sees_all = false;
  decoder.prefix = "dec.";
  TwoStacks made{encoder, decoder, FamilyFile("t5", encoder, 34, 45)};
  FamilyFile& family = made.family;
  family.number("decoder_block_count", 2);
  family.number("decoder_start_token_id", 3);
  family.number("attention.relative_buckets_count", 8);
  family.file.tensors.erase("output_norm.weight");
  for (const FamilySpec* spec : {&made.encoder, &made.decoder}) {
    family.spec = *spec;
    family.norm(spec->prefix + "output_norm");
    family.each_layer([&](const std::string& at) {
      for (const char* name : {"attn_q", "attn_k", "attn_v"})
        family.linear(at + name, 34, 30, false);
      family.linear(at + "attn_o", 30, 34, false);
      if (own_buckets || at == spec->prefix + "blk.0.")
        family.file.put(at + "attn_rel_b.weight", {3, 8});
      if (spec == &made.encoder) return;
      family.norm(at + "cross_attn_norm");
      for (const char* name : {"cross_attn_q", "cross_attn_k", "cross_attn_v"})
        family.linear(at + name, 34, 30, false);
      family.linear(at + "cross_attn_o", 30, 34, false);
    });
    if (gated)
      family.gated_ffn();
    else
      family.plain_ffn(false);
    family.layer_norms({"attn_norm", "ffn_norm"});
  }
  if (!tied) family.file.put("output.weight", {34, kFamilyVocab});
  return made;
}

TEST_F(EncoderRow, T5AnswersWhatItsEncoderRead) {
  for (const bool first : {true, false}) {
    // Both are gated or not, share their buckets or not, tie their head or not.
    const TwoStacks model = t5(first, !first, first);
    const std::vector<Token> source = some_tokens(41), tokens = some_tokens(19);
    expect_logits(model.family.file.build(),
                  oracle_answer(model.family.file, model.encoder, model.decoder, source, tokens),
                  source, tokens);
  }
}

TEST_F(EncoderRow, T5sEncoderGivesItsStates) {
  TwoStacks model = t5(true, false, true);
  model.family.spec = model.encoder;
  expect_states(model.family, model.family.file.build());
}

TEST_F(EncoderRow, T5EncoderIsAFileOfItsOwn) {
  TwoStacks model = t5(false, true, true);
  FamilyFile family("t5encoder", model.encoder, 34, 45);
  for (const auto& [name, tensor] : model.family.file.tensors)
    if (name.rfind("dec.", 0) != 0) family.file.tensors[name] = tensor;
  family.number("attention.relative_buckets_count", 8);
  family.file.tensors.erase("output_norm.weight");
  expect_states(family, family.file.build());
}

TEST_F(EncoderRow, T5WantsATextBeforeItAnswers) {
  ASSERT_TRUE(is_ok(open(t5(true, false, true).family.file.build())));
  const auto session = must_create(model_);
  const std::vector<Token> tokens = some_tokens(5);
  constexpr auto kWrong = StatusCode::kInvalidArgument;
  EXPECT_TRUE(fails(session->prefill(tokens), kWrong, {"encode one before"}));
  EXPECT_TRUE(fails(session->encode({}), kWrong, {"without tokens"}));
  ASSERT_TRUE(is_ok(session->encode(tokens)));
  ASSERT_TRUE(is_ok(session->prefill(tokens)));
  EXPECT_EQ(session->position(), 5);
  // A new text: what was answered to the last one is gone.
  ASSERT_TRUE(is_ok(session->encode(tokens)));
  EXPECT_EQ(session->position(), 0);
}

// ---- bad files ----

TEST_F(EncoderRow, BertNamesAllThatIsWrong) {
  FamilyFile family = bert(false, true);
  for (const char* name :
       {"blk.1.attn_output_norm.bias", "blk.0.ffn_up.weight", "token_embd_norm.weight"})
    family.file.tensors.erase(name);
  family.file.put("position_embd.weight", {33, 60});
  expect_refused(family.file,
                 {"'blk.1.attn_output_norm.bias' is missing", "'blk.0.ffn_up.weight' is missing",
                  "'token_embd_norm.weight' is missing",
                  "'position_embd.weight': 33x64 expected, 33x60 found"});
  family = bert(false, true);
  family.file.numbers["tokenizer.ggml.token_type_count"] = 3;
  family.number("pooling_type", 9);
  expect_refused(family.file,
                 {"'token_types.weight' has 2 rows", "'tokenizer.ggml.token_type_count' is 3",
                  "'bert.pooling_type' is 9"});
}

TEST_F(EncoderRow, T5NamesWhatIsWrongInBothStacks) {
  FamilyFile family = t5(true, false, true).family;
  for (const char* name :
       {"enc.blk.2.attn_o.weight", "dec.blk.1.cross_attn_k.weight", "enc.output_norm.weight"})
    family.file.tensors.erase(name);
  family.file.put("dec.blk.0.attn_rel_b.weight", {3, 9});
  expect_refused(family.file, {"'enc.blk.2.attn_o.weight' is missing",
                               "'dec.blk.1.cross_attn_k.weight' is missing",
                               "'enc.output_norm.weight' is missing",
                               "'dec.blk.0.attn_rel_b.weight': 3x8 expected, 3x9 found"});
  family.number("decoder_start_token_id", 47);
  family.number("attention.relative_buckets_count", 7);
  expect_refused(family.file, {"'decoder_start_token_id' is 47", "47 tokens",
                               "'attention.relative_buckets_count' is odd"});
}

TEST_F(EncoderRow, VocabulariesThatDoNotMatchAreRefused) {
  for (FamilyFile family : {bert(false, true), gemma_embedding(), t5(true, false, true).family}) {
    family.file.tokens.push_back("one too many");
    family.file.types.push_back(1);
    family.file.scores.push_back(0.0f);
    expect_refused(family.file, {"48 tokens", "47 rows"});
  }
}

}  // namespace
}  // namespace minnow
