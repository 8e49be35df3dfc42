// Files that are well-formed GGUF but no model that can run: each is a status and a message that
// names the thing.
#include <gtest/gtest.h>

#include <limits>

#include "runtime/model.hpp"
#include "support/model_file.hpp"
#include "support/model_runs.hpp"

namespace minnow {
namespace {

using namespace testing_support;

class BadModel : public ::testing::Test {
 protected:
  Status open() {
    bytes_ = file_.build();
    MappedFile mapped;
    MINNOW_TRY(MappedFile::open_memory(bytes_, "bad.gguf", mapped));
    Options options;
    options.threads = 1;
    return Model::open(std::move(mapped), options, model_);
  }
  // The file as it stands must be refused and leave no model.
  void expect(StatusCode code, const std::vector<std::string>& texts) {
    EXPECT_TRUE(fails(open(), code, texts));
    EXPECT_EQ(model_, nullptr);
  }
  // One number of the file replaced; then the file is as before.
  void expect_number(const std::string& key, std::int64_t value, StatusCode code,
                     const std::vector<std::string>& texts) {
    const auto before = file_.numbers;
    file_.numbers[key] = value;
    SCOPED_TRACE(key + " = " + std::to_string(value));
    expect(code, texts);
    file_.numbers = before;
  }

  ModelFile file_;
  Bytes bytes_;
  std::shared_ptr<Model> model_;
};

TEST_F(BadModel, IsTheOnlyThingRefused) {
  ASSERT_TRUE(is_ok(open()));
  const auto session = must_create(model_);
  const Token tokens[] = {1, 5, 9, 43};
  EXPECT_TRUE(is_ok(session->prefill(tokens)));
  std::span<const float> logits;
  EXPECT_TRUE(is_ok(session->logits(logits)));
  EXPECT_EQ(logits.size(), 44u);
}

TEST_F(BadModel, OfAnUnknownArchitecture) {
  file_.architecture = "palimpsest";
  expect(StatusCode::kUnsupported,
         {"bad.gguf", "'palimpsest'", "gemma-embedding, gpt2, gptneox, llama,", "qwen2, "});
  file_.architecture = "";
  expect(StatusCode::kUnsupported, {"''"});
}

TEST_F(BadModel, WithoutAnArchitecture) {
  GgufWriter writer;
  writer.add("general.alignment", std::uint32_t{32});
  bytes_ = writer.build();
  MappedFile mapped;
  ASSERT_TRUE(is_ok(MappedFile::open_memory(bytes_, "bad.gguf", mapped)));
  EXPECT_TRUE(fails(Model::open(std::move(mapped), {}, model_), StatusCode::kBadFile,
                    {"general.architecture"}));
}

TEST_F(BadModel, NamesAllTensorsThatAreMissingAtOnce) {
  for (const char* name : {"blk.0.attn_q.weight", "blk.1.ffn_down.weight", "output_norm.weight"})
    file_.tensors.erase(name);
  expect(StatusCode::kBadFile,
         {"'blk.0.attn_q.weight' is missing", "'blk.1.ffn_down.weight' is missing",
          "'output_norm.weight' is missing"});
}

TEST_F(BadModel, CountsMissingTensorsBeyondAFew) {
  const auto all = file_.tensors;
  for (const auto& [name, tensor] : all)
    if (name != "token_embd.weight") file_.tensors.erase(name);
  expect(StatusCode::kBadFile, {"'blk.0.attn_norm.weight' is missing", "and 3 more"});
}

TEST_F(BadModel, WithoutAnEmbedding) {
  file_.tensors.erase("token_embd.weight");
  expect(StatusCode::kBadFile, {"'token_embd.weight'"});
}

TEST_F(BadModel, WithTensorsOfAnotherShape) {
  file_.put("blk.1.attn_q.weight", {32, 24});
  file_.put("blk.0.ffn_down.weight", {32, 48});
  expect(StatusCode::kBadFile, {"'blk.1.attn_q.weight': 32x32 expected, 32x24 found",
                                "'blk.0.ffn_down.weight': 48x32 expected, 32x48 found"});
  file_ = ModelFile();
  file_.put("blk.0.attn_norm.weight", {31});
  expect(StatusCode::kBadFile, {"'blk.0.attn_norm.weight'", "32", "31"});
  file_ = ModelFile();
  file_.put("output.weight", {32, 43});
  expect(StatusCode::kBadFile, {"'output.weight'", "44", "43"});
  file_ = ModelFile();
  file_.put("blk.0.attn_q.weight", {32, 32, 2});
  expect(StatusCode::kBadFile, {"'blk.0.attn_q.weight'"});
  file_ = ModelFile();
  file_.put("token_embd.weight", {16, 44});
  expect(StatusCode::kBadFile, {"'token_embd.weight'"});
}

TEST_F(BadModel, WithAbsurdNumbers) {
  constexpr auto kBad = StatusCode::kBadFile;
  const std::int64_t huge = std::numeric_limits<std::int64_t>::max();
  for (const char* key : {"llama.block_count", "llama.embedding_length", "llama.context_length",
                          "llama.feed_forward_length", "llama.attention.head_count",
                          "llama.attention.head_count_kv"}) {
    for (const std::int64_t value : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{2000000000},
                                     huge, std::numeric_limits<std::int64_t>::min()})
      expect_number(key, value, kBad, {key});
  }
  expect_number("llama.block_count", 1000000, kBad, {"llama.block_count", "1000000"});
  expect_number("llama.attention.key_length", 0, kBad, {"key_length"});
  expect_number("llama.attention.key_length", 100000, kBad, {"key_length", "100000"});
  expect_number("llama.attention.value_length", -8, kBad, {"value_length"});
  expect_number("llama.attention.sliding_window", -1, kBad, {"sliding_window"});
  expect_number("llama.rope.dimension_count", 9, kBad, {"dimension_count"});
  expect_number("llama.rope.dimension_count", 7, kBad, {"odd"});
  expect_number("llama.rope.dimension_count", 0, kBad, {"dimension_count"});
}

TEST_F(BadModel, WithHeadsThatDoNotDivide) {
  expect_number("llama.attention.head_count_kv", 3, StatusCode::kBadFile,
                {"head_count (4)", "multiple", "head_count_kv (3)"});
  // More heads than elements: a head would have none.
  expect_number("llama.attention.head_count", 64, StatusCode::kBadFile, {"key_length"});
}

TEST_F(BadModel, WithNumbersThatItsTensorsContradict) {
  expect_number("llama.block_count", 3, StatusCode::kBadFile, {"'blk.2.attn_norm.weight'"});
  expect_number("llama.embedding_length", 64, StatusCode::kBadFile,
                {"'token_embd.weight'", "64x44 expected, 32x44 found"});
  expect_number("llama.feed_forward_length", 47, StatusCode::kBadFile, {"'blk.0.ffn_up.weight'"});
  expect_number("llama.attention.head_count_kv", 1, StatusCode::kBadFile,
                {"'blk.0.attn_k.weight'"});
}

TEST_F(BadModel, WithNumbersThatAreMissing) {
  file_.numbers.erase("llama.block_count");
  file_.numbers.erase("llama.attention.head_count");
  file_.reals.erase("llama.attention.layer_norm_rms_epsilon");
  expect(StatusCode::kBadFile,
         {"'llama.block_count' is missing", "'llama.attention.head_count' is missing",
          "'llama.attention.layer_norm_rms_epsilon' is missing"});
}

TEST_F(BadModel, WithRealsThatAreNone) {
  for (const float value : {-1.0f, 5.0f, std::numeric_limits<float>::quiet_NaN(),
                            std::numeric_limits<float>::infinity()}) {
    file_ = ModelFile();
    file_.reals["llama.attention.layer_norm_rms_epsilon"] = value;
    expect(StatusCode::kBadFile, {"layer_norm_rms_epsilon"});
    file_ = ModelFile();
    file_.reals["llama.rope.freq_base"] = value < 1.0f ? value : value * 1e30f;
    expect(StatusCode::kBadFile, {"rope.freq_base"});
  }
}

// ---- vocabularies ----

TEST_F(BadModel, WithAVocabularyWithoutMerges) {
  file_.tokenizer_model = "gpt2";
  file_.pre_tokenizer = "gpt-2";
  expect(StatusCode::kBadFile, {"tokenizer.ggml.merges is missing"});
}

TEST_F(BadModel, WithATokenizerOrPreTokenizerNobodyKnows) {
  file_.tokenizer_model = "abacus";
  expect(StatusCode::kUnsupported, {"abacus", "llama"});
  file_ = ModelFile();
  file_.tokenizer_model = "gpt2";
  file_.merges = {"A B"};
  file_.pre_tokenizer = "scissors";
  expect(StatusCode::kUnsupported, {"scissors"});
}

TEST_F(BadModel, WithoutTokens) {
  file_.tokens.clear();
  file_.scores.clear();
  file_.types.clear();
  expect(StatusCode::kBadFile, {"tokenizer.ggml.tokens"});
}

TEST_F(BadModel, WithScoresOrTypesOfAnotherLength) {
  file_.scores.pop_back();
  file_.types.push_back(1);
  expect(StatusCode::kBadFile, {"scores has 43", "token_type has 45", "44"});
}

TEST_F(BadModel, WithSpecialIdsOutsideTheVocabulary) {
  expect_number("tokenizer.ggml.bos_token_id", 44, StatusCode::kBadFile,
                {"bos_token_id is 44", "44 tokens"});
  expect_number("tokenizer.ggml.eos_token_id", 4294967295, StatusCode::kBadFile,
                {"eos_token_id is 4294967295"});
  expect_number("tokenizer.ggml.eot_token_id", -2, StatusCode::kBadFile, {"eot_token_id is -2"});
}

TEST_F(BadModel, WithMoreTokensThanTheEmbeddingHasRows) {
  file_.tokens.push_back("Z");
  file_.scores.push_back(-50);
  file_.types.push_back(1);
  expect(StatusCode::kBadFile, {"45 tokens", "44 rows"});
}

TEST_F(BadModel, ButNotWithFewerTokensThanRows) {
  file_.tokens.pop_back();
  file_.scores.pop_back();
  file_.types.pop_back();
  EXPECT_TRUE(is_ok(open()));  // real files pad their embeddings
}

// ---- values ----

TEST_F(BadModel, WithValuesThatAreNoNumbersNamesTheLayer) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  const Token tokens[] = {1, 5, 9, 12, 20};
  struct Case {
    const char* tensor;
    float value;
    const char* named;
  };
  for (const Case& c :
       {Case{"blk.0.attn_q.weight", nan, "layer 0"},
        Case{"blk.0.ffn_down.weight", infinity, "layer 0"},
        Case{"blk.1.attn_norm.weight", nan, "layer 1"}, Case{"blk.1.ffn_up.weight", nan, "layer 1"},
        Case{"output_norm.weight", nan, "the last hidden state"}}) {
    SCOPED_TRACE(c.tensor);
    file_ = ModelFile();
    file_.poison(c.tensor, c.value);
    ASSERT_TRUE(is_ok(open()));
    const auto session = must_create(model_);
    Status status = session->prefill(tokens);
    std::span<const float> logits;
    if (status.ok()) status = session->logits(logits);
    EXPECT_TRUE(fails(status, StatusCode::kNumeric, {c.named}));
  }
}

}  // namespace
}  // namespace minnow
