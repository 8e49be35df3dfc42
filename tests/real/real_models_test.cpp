// Real models against float32 references of an independent implementation (tests/data/README.md):
// tokens of two texts, their mean negative log-likelihood, and greedy choices with the reference's
// own tokens before each (teacher forcing). The files are those of examples/models/models.json, in
// the folder MINNOW_TEST_MODELS or else in the cache of examples/models/fetch.py.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "runtime/chat.hpp"
#include "support/tiny_sessions.hpp"
#include "tokenizer/tokenizer.hpp"

namespace minnow {
namespace {

using namespace testing_support;
using nlohmann::json;

struct RealModel {
  const char* file;       // name in models.json
  const char* reference;  // tests/data/real/<reference>.json
  const char* tokens;     // <tokens>.ppl_*.tokens.json: models of one vocabulary share them
  const char* only_when;  // environment variable that asks for a large model; NULL: always
};

constexpr RealModel kModels[] = {
    {"gemma-3-270m", "gemma3-270m", "gemma3-270m", nullptr},
    {"qwen2.5-coder-0.5b", "qwen25-coder-0.5b", "qwen25-coder-0.5b", nullptr},
    {"qwen2.5-coder-1.5b", "qwen25-coder-1.5b", "qwen25-coder-0.5b", "MINNOW_TEST_1_5B"},
};

std::string models_folder() {
  if (const char* folder = std::getenv("MINNOW_TEST_MODELS")) return folder;
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && *cache == '/') return std::string(cache) + "/minnow/models";
  const char* home = std::getenv("HOME");
  return std::string(home != nullptr ? home : "") + "/.cache/minnow/models";
}

std::string read_text(const std::string& name) {
  std::ifstream file(data_path("real/" + name), std::ios::binary);
  EXPECT_TRUE(file.good()) << name << " is missing";
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// -log softmax(logits)[token]. The table's sum, because std::exp of 262,144 logits took longer than
// the model.
double nll(const KernelTable& table, std::span<const float> logits, Token token) {
  const float best = *std::max_element(logits.begin(), logits.end());
  const float sum = table.sum_exp(logits.data(), static_cast<std::int64_t>(logits.size()), best);
  return best + std::log(static_cast<double>(sum)) - logits[static_cast<std::size_t>(token)];
}

// The sum of nll over tokens 1... of a text, read from position 0.
Status total_nll(const std::shared_ptr<Model>& model, const std::vector<Token>& tokens,
                 double& out) {
  Options options;
  options.n_ctx = static_cast<std::int64_t>(tokens.size());
  options.n_logits = 64;
  std::unique_ptr<Session> session;
  MINNOW_TRY(Session::create(model, options, session));
  struct Sum {
    const KernelTable* table;
    const std::vector<Token>* tokens;
    std::size_t n_vocab;
    double total = 0;
  } sum{&model->runtime().table(), &tokens, static_cast<std::size_t>(model->config().n_vocab)};
  const auto add = [](void* user, std::size_t first, std::size_t n_rows, const float* logits) {
    auto* s = static_cast<Sum*>(user);
    for (std::size_t row = 0; row < n_rows; ++row) {
      if (first + row + 1 < s->tokens->size())
        s->total +=
            nll(*s->table, {logits + row * s->n_vocab, s->n_vocab}, (*s->tokens)[first + row + 1]);
    }
    return true;
  };
  MINNOW_TRY(session->evaluate(tokens, {add, &sum}));
  out = sum.total;
  return {};
}

class Real : public ::testing::TestWithParam<RealModel> {
 protected:
  void SetUp() override {
    if (GetParam().only_when != nullptr && std::getenv(GetParam().only_when) == nullptr)
      GTEST_SKIP() << "not run: " << GetParam().only_when << " is not set";
    const std::string path = models_folder() + "/" + GetParam().file + ".gguf";
    const Status status = open_model(path, {}, model_);
    ASSERT_TRUE(is_ok(status)) << "fetch it with: examples/models/fetch.py " << GetParam().file;
    const std::string text = read_text(std::string(GetParam().reference) + ".json");
    ASSERT_FALSE(text.empty());
    reference_ = json::parse(text);
  }

  std::shared_ptr<Model> model_;
  json reference_;
};

TEST_P(Real, ReadsTheTextsAsTheReferenceDoes) {
  ASSERT_EQ(reference_["perplexity"].size(), 2u);
  for (const json& row : reference_["perplexity"]) {
    const auto name = row["text_file"].get<std::string>();
    const std::string stem = name.substr(0, name.find('.'));
    const auto tokens =
        json::parse(read_text(std::string(GetParam().tokens) + "." + stem + ".tokens.json"))
            .get<std::vector<Token>>();
    ASSERT_EQ(tokens.size(), row["n_tokens"].get<std::size_t>()) << name;
    std::pmr::vector<Token> own;
    ASSERT_TRUE(is_ok(model_->tokenizer().encode(read_text(name), {true, false}, &own)));
    EXPECT_TRUE(std::equal(own.begin(), own.end(), tokens.begin(), tokens.end())) << name;

    double total = 0;
    ASSERT_TRUE(is_ok(total_nll(model_, tokens, total)));
    const double mean = total / static_cast<double>(tokens.size() - 1);
    const double expected = row["mean_nll"].get<double>();
    std::printf("  %s %s: mean NLL %.4f, reference %.4f (%+.2f %%)\n", GetParam().file,
                name.c_str(), mean, expected, 100 * (mean / expected - 1));
    EXPECT_NEAR(mean, expected, 0.01 * expected) << name;
  }
}

// Steps at which the most likely token is the reference's, of all and of those that are clear.
struct Agreement {
  int n_all = 0, n_equal = 0;
  int n_clear = 0, n_clear_equal = 0;

  void count(bool equal, double gap) {
    n_all += 1;
    n_equal += equal;
    n_clear += gap > 0.5;
    n_clear_equal += equal && gap > 0.5;
  }
};

Status follow_greedily(const std::shared_ptr<Model>& model, const json& prompt, Agreement& out) {
  const auto ids = prompt["ids"].get<std::vector<Token>>();
  const auto greedy = prompt["greedy"].get<std::vector<Token>>();
  const auto gaps = prompt["greedy_top2_gap"].get<std::vector<double>>();
  Options options;
  options.n_ctx = static_cast<std::int64_t>(ids.size() + greedy.size());
  std::unique_ptr<Session> session;
  MINNOW_TRY(Session::create(model, options, session));
  MINNOW_TRY(session->prefill(ids));
  for (std::size_t i = 0; i < greedy.size(); ++i) {
    std::span<const float> logits;
    MINNOW_TRY(session->logits(logits));
    const auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
    out.count(best == greedy[i], gaps[i]);
    MINNOW_TRY(session->decode(greedy[i]));
  }
  return {};
}

TEST_P(Real, ChoosesTheTokensOfTheReference) {
  Agreement pooled;
  for (const json& prompt : reference_["prompts"]) {
    std::pmr::vector<Token> own;
    ASSERT_TRUE(
        is_ok(model_->tokenizer().encode(prompt["text"].get<std::string>(), {true, true}, &own)));
    const auto ids = prompt["ids"].get<std::vector<Token>>();
    EXPECT_TRUE(std::equal(own.begin(), own.end(), ids.begin(), ids.end())) << prompt["name"];
    ASSERT_TRUE(is_ok(follow_greedily(model_, prompt, pooled))) << prompt["name"];
  }
  std::printf("  %s: %d of %d clear steps, %d of %d of all\n", GetParam().file,
              pooled.n_clear_equal, pooled.n_clear, pooled.n_equal, pooled.n_all);
  ASSERT_GT(pooled.n_clear, 60);
  EXPECT_GE(pooled.n_clear_equal, 0.99 * pooled.n_clear);
  EXPECT_GE(pooled.n_equal, 0.93 * pooled.n_all);
}

// The reference's prompt with a gap, given as its two texts.
TEST_P(Real, FillsGapsAsTheReferenceDoes) {
  const auto& prompts = reference_["prompts"];
  const auto found = std::find_if(prompts.begin(), prompts.end(),
                                  [](const json& prompt) { return prompt["name"] == "fim"; });
  if (found == prompts.end()) GTEST_SKIP() << "not run: no such prompt for this model";
  const std::string prefix_mark = "<|fim_prefix|>", suffix_mark = "<|fim_suffix|>";
  const std::string middle_mark = "<|fim_middle|>";
  const auto text = (*found)["text"].get<std::string>();
  const std::size_t gap = text.find(suffix_mark);
  const std::string prefix = text.substr(prefix_mark.size(), gap - prefix_mark.size());
  const std::string rest = text.substr(gap + suffix_mark.size());
  const std::string suffix = rest.substr(0, rest.size() - middle_mark.size());

  Options options;
  options.n_ctx = 128;
  options.max_tokens = 32;
  options.sampling.temperature = 0.0f;
  std::unique_ptr<Chat> chat;
  ASSERT_TRUE(is_ok(Chat::create(model_, options, chat)));
  ASSERT_TRUE(is_ok(chat->begin_infill(prefix, suffix)));
  const std::span<const Token> read = chat->session().tokens();
  const auto ids = (*found)["ids"].get<std::vector<Token>>();
  EXPECT_EQ(std::vector<Token>(read.begin(), read.end()), ids);

  std::string middle;
  FinishReason reason{};
  for (std::string_view piece;;) {
    ASSERT_TRUE(is_ok(chat->next(piece, reason)));
    if (piece.empty()) break;
    middle += piece;
  }
  const auto greedy = (*found)["greedy"].get<std::vector<Token>>();
  const auto gaps = (*found)["greedy_top2_gap"].get<std::vector<double>>();
  std::string clear;  // what is certain of the reference's middle
  for (std::size_t i = 0; i < greedy.size() && gaps[i] > 0.5; ++i)
    clear += model_->tokenizer().piece(greedy[i]);
  std::printf("  %s fills in %zu bytes, %zu of them clear\n", GetParam().file, middle.size(),
              clear.size());
  ASSERT_GT(clear.size(), 10u);
  EXPECT_EQ(middle.substr(0, clear.size()), clear);
}

INSTANTIATE_TEST_SUITE_P(Models, Real, ::testing::ValuesIn(kModels),
                         [](const auto& test) { return test_name(test.param.file); });

}  // namespace
}  // namespace minnow
