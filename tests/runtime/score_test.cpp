// Scores of continuations: what evaluating the same tokens one by one gives, and a session that
// does not notice.
#include <gtest/gtest.h>

#include <cmath>

#include "runtime/chat.hpp"
#include "support/tiny_sessions.hpp"
#include "tokenizer/tokenizer.hpp"

namespace minnow {
namespace {

using namespace testing_support;

// log p of each token after the first n_before, by a session of its own, in double.
double log_probability(const std::shared_ptr<Model>& model, const std::vector<Token>& tokens,
                       std::size_t n_before) {
  std::vector<float> logits;
  EXPECT_TRUE(is_ok(all_logits(model, tokens, {}, logits)));
  const auto n_vocab = static_cast<std::size_t>(model->config().n_vocab);
  double sum = 0;
  for (std::size_t i = n_before; i < tokens.size(); ++i) {
    const float* const row = logits.data() + (i - 1) * n_vocab;
    double total = 0;
    for (std::size_t v = 0; v < n_vocab; ++v) total += std::exp(double{row[v]} - row[0]);
    sum += double{row[tokens[i]]} - row[0] - std::log(total);
  }
  return sum;
}

std::vector<Token> joined(std::vector<Token> a, const std::vector<Token>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST(Score, IsTheSumOfLogProbabilities) {
  for (const char* name : {"llama", "gemma3"}) {
    Options options;
    options.n_batch = 8;  // continuations of several batches too
    options.n_ctx = 512;
    const auto model = must_open(tiny_path(name), options);
    const std::vector<Token> tokens = many_tokens(name, 120);
    const std::vector<Token> read(tokens.begin(), tokens.begin() + 40);
    const std::vector<Token> context(tokens.begin() + 40, tokens.begin() + 60);
    const std::vector<Token> a(tokens.begin() + 60, tokens.begin() + 61);
    const std::vector<Token> b(tokens.begin() + 60, tokens.begin() + 90);
    const auto session = must_create(model, options);
    ASSERT_TRUE(is_ok(session->prefill(read)));
    const std::vector<Session::Continuation> list = {{a, 0}, {b, 0}, {b, 7}, {{}, 0}};
    double scores[4] = {1, 1, 1, 1};
    ASSERT_TRUE(is_ok(session->score(context, list, scores)));
    const std::vector<Token> before = joined(read, context);
    EXPECT_NEAR(scores[0], log_probability(model, joined(before, a), 60), 1e-4);
    EXPECT_NEAR(scores[1], log_probability(model, joined(before, b), 60), 1e-3);
    EXPECT_NEAR(scores[2], log_probability(model, joined(before, b), 67), 1e-3);
    EXPECT_EQ(scores[3], 0.0);
  }
}

TEST(Score, LeavesTheSessionAsItWas) {
  Options options;
  options.n_ctx = 3000;
  options.n_batch = 64;
  ASSERT_TRUE(is_ok(options.set_int("mirostat", 2)));
  ASSERT_TRUE(is_ok(options.set_int("seed", 5)));
  // Long continuations drive gemma3's windows out of its ring of chunks.
  for (const char* name : {"llama", "gemma3"}) {
    const auto model = must_open(tiny_path(name), options);
    const auto scored = must_create(model, options), other = must_create(model, options);
    for (Session* session : {scored.get(), other.get()})
      ASSERT_TRUE(is_ok(session->prefill(many_tokens(name, 100))));
    const std::vector<Token> longest = many_tokens(name, 1500);
    const std::vector<Session::Continuation> list = {{longest, 0}, {longest, 1400}, {longest, 0}};
    double scores[3] = {0, 0, 0};
    ASSERT_TRUE(is_ok(scored->score({}, list, scores)));
    EXPECT_EQ(scores[0], scores[2]) << "the first continuation left a trace";
    for (int i = 0; i < 20; ++i) {
      Token a = kNoToken, b = kNoToken;
      ASSERT_TRUE(is_ok(scored->sample(a)));
      ASSERT_TRUE(is_ok(other->sample(b)));
      ASSERT_EQ(a, b);
      ASSERT_TRUE(is_ok(scored->decode(a)));
      ASSERT_TRUE(is_ok(other->decode(b)));
    }
    EXPECT_EQ(last_logits(*scored), last_logits(*other));
  }
}

TEST(Score, OfTextsCountsWhatTheContextDoesNot) {
  const auto model = must_open(tiny_path("llama"));
  std::unique_ptr<Chat> chat;
  ASSERT_TRUE(is_ok(Chat::create(model, {}, chat)));
  const std::string_view texts[] = {" mat", " dog", "s"};
  double scores[3] = {1, 1, 1};
  ASSERT_TRUE(is_ok(chat->score("The cat sat on the", texts, scores)));
  for (std::size_t i = 0; i < 3; ++i) {
    std::pmr::vector<Token> shared, whole;
    ASSERT_TRUE(is_ok(model->tokenizer().encode("The cat sat on the", {true, true}, &shared)));
    ASSERT_TRUE(is_ok(model->tokenizer().encode("The cat sat on the" + std::string(texts[i]),
                                                {true, true}, &whole)));
    std::size_t n_common = 0;
    while (n_common < shared.size() && shared[n_common] == whole[n_common]) ++n_common;
    EXPECT_NEAR(scores[i], log_probability(model, {whole.begin(), whole.end()}, n_common), 1e-3);
  }
  EXPECT_EQ(chat->session().position(), 0);
}

TEST(Score, RefusesWhatDoesNotFit) {
  Options options;
  options.n_ctx = 50;
  const auto session = must_create(must_open(tiny_path("llama"), options), options);
  const std::vector<Token> tokens = many_tokens("llama", 60);
  const std::vector<Session::Continuation> list = {{std::span(tokens).first(20), 0}};
  double score = 7;
  EXPECT_TRUE(fails(session->score({}, list, &score), StatusCode::kInvalidArgument, {"follow"}));
  EXPECT_TRUE(fails(session->score(std::span(tokens).first(40), list, &score),
                    StatusCode::kContextFull, {"50"}));
  EXPECT_TRUE(fails(session->score(tokens, list, &score), StatusCode::kContextFull, {"60"}));
  const Token alien[] = {99999};
  const std::vector<Session::Continuation> wrong = {{alien, 0}};
  EXPECT_TRUE(fails(session->score(std::span(tokens).first(4), wrong, &score),
                    StatusCode::kInvalidArgument, {"99999"}));
  EXPECT_EQ(score, 7);
}

}  // namespace
}  // namespace minnow
