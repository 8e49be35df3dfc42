// Texts as vectors: against the states, means and first tokens of an independent implementation,
// and what pooling, length and scores are.
#include <gtest/gtest.h>

#include <cmath>

#include "family_file.hpp"
#include "support/tiny_sessions.hpp"

namespace minnow {
namespace {

using namespace testing_support;

std::vector<float> values_of(const Embedding& embedding) {
  return {embedding.values, embedding.values + embedding.n_rows * embedding.n_embd};
}

// The vectors of a text; empty, and a test failure, when there are none.
std::vector<float> embed(const std::shared_ptr<Model>& model, const std::string& pooling,
                         bool normalize, const std::vector<Token>& tokens, int n_batch = 512) {
  Options options;
  options.pooling = pooling;
  options.normalize = normalize ? 1 : 0;
  options.n_batch = n_batch;
  const auto session = must_create(model, options);
  Embedding out;
  if (session == nullptr) return {};
  EXPECT_TRUE(is_ok(session->embed(tokens, out)));
  return values_of(out);
}

TEST(Embedding, MeetsTheReferencesStatesMeansAndFirstTokens) {
  const std::string base = data_path("zoo/bert");
  const auto lists = read_token_lists(base + ".tokens.json");
  ASSERT_EQ(lists.size(), 3u);
  const auto model = must_open(base + ".gguf");
  ASSERT_NE(model, nullptr);
  const std::pair<const char*, const char*> kinds[] = {
      {"none", "hidden"}, {"mean", "mean"}, {"cls", "cls"}};
  for (const auto& [pooling, file] : kinds) {
    for (std::size_t k = 0; k < lists.size(); ++k) {
      NpyMatrix matrix;
      ASSERT_TRUE(is_ok(read_npy(base + "." + file + "." + std::to_string(k) + ".npy", matrix)));
      const std::vector<float> expected = matrix.as_floats();
      const std::vector<float> actual = embed(model, pooling, false, lists[k]);
      ASSERT_EQ(actual.size(), expected.size());
      EXPECT_LT(max_abs_difference(expected, actual), 1e-4) << pooling << " of list " << k;
    }
  }
}

TEST(Embedding, OfAnEncoderHasNoNextToken) {
  const auto model = must_open(data_path("zoo/bert.gguf"));
  const auto session = must_create(model);
  ASSERT_NE(session, nullptr);
  const Token tokens[] = {1, 2};
  std::span<const float> logits;
  Token next = 0;
  constexpr auto kUnsupported = StatusCode::kUnsupported;
  EXPECT_TRUE(fails(session->prefill(tokens), kUnsupported, {"no next token"}));
  EXPECT_TRUE(fails(session->logits(logits), kUnsupported, {"no next token"}));
  EXPECT_TRUE(fails(session->sample(next), kUnsupported, {"no next token"}));
  EXPECT_TRUE(fails(session->encode(tokens), kUnsupported, {"no encoder"}));
}

TEST(Embedding, RefusesWhatItCannotEmbed) {
  const auto model = must_open(data_path("zoo/bert.gguf"));
  Options options;
  options.n_ctx = 4;
  const auto session = must_create(model, options);
  ASSERT_NE(session, nullptr);
  Embedding out;
  EXPECT_TRUE(fails(session->embed({}, out), StatusCode::kInvalidArgument, {"without tokens"}));
  EXPECT_TRUE(
      fails(session->embed(std::vector<Token>(5, 1), out), StatusCode::kContextFull, {"holds 4"}));
  const std::vector<Token> alien = {1, 600};
  EXPECT_TRUE(fails(session->embed(alien, out), StatusCode::kInvalidArgument, {"token 1 is 600"}));
  EXPECT_EQ(out.values, nullptr);
  const std::vector<Token> fits(4, 1);
  EXPECT_TRUE(is_ok(session->embed(fits, out)));
}

// A decoder embeds by its last states, the same for any batches, and has read nothing afterwards.
TEST(Embedding, OfADecoderPoolsItsStates) {
  const auto model = must_open(tiny_path("qwen2"));
  ASSERT_NE(model, nullptr);
  const std::vector<Token> tokens = tiny_tokens("qwen2", 1);
  const auto n = static_cast<std::size_t>(model->config().n_embd);
  const std::vector<float> states = embed(model, "none", false, tokens);
  ASSERT_EQ(states.size(), tokens.size() * n);
  const std::vector<float> last(states.end() - static_cast<std::ptrdiff_t>(n), states.end());
  const std::vector<float> first(states.begin(), states.begin() + static_cast<std::ptrdiff_t>(n));
  std::vector<float> mean(n);
  for (std::size_t i = 0; i < states.size(); ++i) mean[i % n] += states[i];
  for (float& value : mean) value *= 1.0f / static_cast<float>(tokens.size());
  for (const int n_batch : {512, 7, 1}) {
    EXPECT_EQ(embed(model, "none", false, tokens, n_batch), states) << n_batch;
    EXPECT_EQ(embed(model, "last", false, tokens, n_batch), last) << n_batch;
    EXPECT_EQ(embed(model, "auto", false, tokens, n_batch), last) << n_batch;
    EXPECT_EQ(embed(model, "cls", false, tokens, n_batch), first) << n_batch;
    EXPECT_EQ(embed(model, "mean", false, tokens, n_batch), mean) << n_batch;
  }
  const auto session = must_create(model);
  Embedding out;
  ASSERT_TRUE(is_ok(session->prefill(tokens)));
  ASSERT_TRUE(is_ok(session->embed(tokens, out)));
  EXPECT_EQ(session->position(), 0);
}

TEST(Embedding, NormalisedRowsHaveLengthOneAndTheirDirection) {
  const auto model = must_open(data_path("zoo/bert.gguf"));
  ASSERT_NE(model, nullptr);
  const auto n = static_cast<std::size_t>(model->config().n_embd);
  const std::vector<Token> tokens = {2, 200, 201, 3};
  for (const char* pooling : {"none", "mean", "cls", "last"}) {
    const std::vector<float> plain = embed(model, pooling, false, tokens);
    const std::vector<float> unit = embed(model, pooling, true, tokens);
    ASSERT_EQ(plain.size(), unit.size());
    for (std::size_t row = 0; row < unit.size(); row += n) {
      double square = 0, length = 0;
      for (std::size_t i = row; i < row + n; ++i) {
        square += double{unit[i]} * unit[i];
        length += double{plain[i]} * plain[i];
      }
      EXPECT_NEAR(square, 1.0, 1e-6);
      for (std::size_t i = row; i < row + n; ++i)
        EXPECT_NEAR(unit[i], plain[i] / std::sqrt(length), 1e-6);
    }
  }
}

// ---- scores ----

class Scores : public FamilyRow {
 protected:
  static FamilyFile scorer(bool has_layer) {
    FamilySpec spec;
    spec.sees_all = spec.layer_norm = true;
    spec.n_heads = spec.n_kv_heads = 2;
    spec.head_dim = 8;
    spec.n_rot = 0;
    spec.act = FamilySpec::Act::kGeluErf;
    FamilyFile family("bert", spec, 16, 24);
    for (const char* name : {"output_norm.weight", "output_norm.bias"})
      family.file.tensors.erase(name);
    family.split_qkv(true);
    family.plain_ffn(true);
    family.layer_norms({"attn_output_norm", "layer_output_norm"});
    family.norm("token_embd_norm");
    family.file.put("position_embd.weight", {16, 64});
    family.file.put("token_types.weight", {16, 2});
    if (has_layer) family.linear("cls", 16, 16, true);
    family.linear("cls.output", 16, 1, true);
    family.file.numbers["tokenizer.ggml.seperator_token_id"] = 5;
    family.number("pooling_type", 4);
    return family;
  }

  static double product(const FamilyFile& family, const std::string& name, std::size_t row,
                        const std::vector<double>& x) {
    const auto& weight = family.file.tensors.at(name + ".weight").values;
    double y = family.file.tensors.at(name + ".bias").values[row];
    for (std::size_t i = 0; i < x.size(); ++i) y += x[i] * weight[row * x.size() + i];
    return y;
  }
};

TEST_F(Scores, AreTheClassifiersOfTheFirstTokenAndKnowTheSegments) {
  const std::vector<Token> pair = {1, 9, 30, 5, 12, 13, 14, 5};
  const std::vector<int> segments = {0, 0, 0, 0, 1, 1, 1, 1};
  for (const bool has_layer : {true, false}) {
    const FamilyFile family = scorer(has_layer);
    ASSERT_TRUE(is_ok(open(family.file.build())));
    std::vector<double> x = oracle_states(family.file, family.spec, pair, segments)[0];
    if (has_layer) {
      std::vector<double> hidden(16);
      for (std::size_t i = 0; i < 16; ++i) hidden[i] = std::tanh(product(family, "cls", i, x));
      x = hidden;
    }
    const std::vector<float> score = embed(model_, "auto", true, pair);
    ASSERT_EQ(score.size(), 1u);
    EXPECT_NEAR(score[0], product(family, "cls.output", 0, x), 1e-4);
  }
}

TEST_F(Scores, NeedAClassifier) {
  FamilyFile family = scorer(false);
  family.file.tensors.erase("cls.output.weight");
  ASSERT_TRUE(is_ok(open(family.file.build())));
  const auto session = must_create(model_);
  Embedding out;
  EXPECT_TRUE(
      fails(session->embed(some_tokens(3), out), StatusCode::kUnsupported, {"no classifier"}));
}

}  // namespace
}  // namespace minnow
