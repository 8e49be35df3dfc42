// Sessions on the level of tokens: however tokens are cut into calls, the logits have the same
// bits; what does not fit or does not exist is refused and changes nothing.
#include "runtime/session.hpp"

#include <gtest/gtest.h>

#include "support/tiny_sessions.hpp"

namespace minnow {
namespace {

using namespace testing_support;

class SessionOf : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    model_ = must_open(tiny_path(GetParam()));
    tokens_ = tiny_tokens(GetParam(), 2);
    ASSERT_NE(model_, nullptr);
    ASSERT_GE(tokens_.size(), 90u);
  }
  std::span<const Token> tokens(std::size_t from, std::size_t n) const {
    return std::span(tokens_).subspan(from, n);
  }
  // Logits after tokens [0, n) read in one call.
  std::vector<float> expected(std::size_t n) {
    const auto session = must_create(model_);
    EXPECT_TRUE(is_ok(session->prefill(tokens(0, n))));
    return last_logits(*session);
  }

  std::shared_ptr<Model> model_;
  std::vector<Token> tokens_;
};

TEST_P(SessionOf, DecodesToTheSameBitsAsItPrefills) {
  const auto session = must_create(model_);
  for (std::size_t n = 1; n <= 40; ++n) {
    ASSERT_TRUE(is_ok(session->decode(tokens_[n - 1])));
    EXPECT_EQ(session->position(), static_cast<std::int64_t>(n));
    if (n % 13 == 1) {
      EXPECT_EQ(last_logits(*session), expected(n)) << n << " tokens";
    }
  }
}

TEST_P(SessionOf, PrefillsInPiecesToTheSameBits) {
  const auto session = must_create(model_);
  std::size_t done = 0;
  for (const std::size_t n : {1, 16, 3, 40, 30}) {
    ASSERT_TRUE(is_ok(session->prefill(tokens(done, n))));
    done += n;
  }
  EXPECT_EQ(done, 90u);
  EXPECT_EQ(last_logits(*session), expected(90));
}

// Attention works in chunks of 256 positions, and a window may begin in any of them.
TEST_P(SessionOf, DecodesToTheSameBitsAcrossChunks) {
  Options options;
  options.n_ctx = 800;
  options.n_batch = 300;
  const std::vector<Token> many = many_tokens(GetParam(), 780);
  const auto by_batches = must_create(model_, options), by_tokens = must_create(model_, options);
  ASSERT_TRUE(is_ok(by_tokens->prefill(std::span(many).first(200))));
  std::size_t done = 200;
  for (const std::size_t upto : {255, 256, 257, 270, 273, 511, 513, 530, 780}) {
    for (; done < upto; ++done) ASSERT_TRUE(is_ok(by_tokens->decode(many[done])));
    ASSERT_TRUE(is_ok(by_batches->truncate(0)));
    ASSERT_TRUE(is_ok(by_batches->prefill(std::span(many).first(upto))));
    ASSERT_EQ(last_logits(*by_tokens), last_logits(*by_batches)) << upto << " tokens";
  }
}

TEST_P(SessionOf, IsAfterTruncateAsIfTheRestHadNeverBeen) {
  const auto session = must_create(model_);
  ASSERT_TRUE(is_ok(session->prefill(tokens(10, 80))));  // another past
  for (const std::size_t kept : {std::size_t{0}, std::size_t{33}, std::size_t{17}}) {
    ASSERT_TRUE(is_ok(session->truncate(0)));
    ASSERT_TRUE(is_ok(session->prefill(tokens(0, kept))));
    ASSERT_TRUE(is_ok(session->prefill(tokens(50, 30))));  // to be forgotten
    ASSERT_TRUE(is_ok(session->truncate(static_cast<std::int64_t>(kept))));
    EXPECT_EQ(session->position(), static_cast<std::int64_t>(kept));
    ASSERT_TRUE(is_ok(session->prefill(tokens(kept, 60 - kept))));
    EXPECT_EQ(last_logits(*session), expected(60)) << kept << " kept";
  }
}

TEST_P(SessionOf, EvaluatesTheSameLogitsAsOneTokenAtATime) {
  Options options;
  options.n_logits = 7;
  options.n_batch = 16;
  const auto session = must_create(model_, options);
  const std::span<const Token> some = tokens(0, 41);
  struct Seen {
    std::vector<float> logits;
    std::size_t next = 0;
    std::size_t n_vocab;
  } seen{{}, 0, static_cast<std::size_t>(model_->config().n_vocab)};
  const auto note = [](void* user, std::size_t first, std::size_t n_rows, const float* logits) {
    auto* s = static_cast<Seen*>(user);
    EXPECT_EQ(first, s->next);
    EXPECT_LE(n_rows, 7u);
    s->next += n_rows;
    s->logits.insert(s->logits.end(), logits, logits + n_rows * s->n_vocab);
    return true;
  };
  ASSERT_TRUE(is_ok(session->evaluate(some, {note, &seen})));
  ASSERT_EQ(seen.next, some.size());
  const auto other = must_create(model_);
  for (std::size_t i = 0; i < some.size(); ++i) {
    ASSERT_TRUE(is_ok(other->decode(some[i])));
    const std::vector<float> row(
        seen.logits.begin() + static_cast<std::ptrdiff_t>(i * seen.n_vocab),
        seen.logits.begin() + static_cast<std::ptrdiff_t>((i + 1) * seen.n_vocab));
    ASSERT_EQ(last_logits(*other), row) << "token " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Tiny, SessionOf,
                         ::testing::Values("llama", "llama3", "mistral", "qwen2", "gemma3"),
                         [](const auto& test) { return std::string(test.param); });

class LlamaSession : public ::testing::Test {
 protected:
  void SetUp() override {
    model_ = must_open(tiny_path("llama"));
    tokens_ = tiny_tokens("llama", 1);
    ASSERT_NE(model_, nullptr);
  }
  std::shared_ptr<Model> model_;
  std::vector<Token> tokens_;
};

TEST_F(LlamaSession, RefusesTokensThatDoNotFitAndReadsNone) {
  Options options;
  options.n_ctx = 40;
  const auto session = must_create(model_, options);
  EXPECT_EQ(session->n_ctx(), 40);
  ASSERT_TRUE(is_ok(session->prefill(tokens_)));  // 33
  const std::vector<float> before = last_logits(*session);
  EXPECT_TRUE(fails(session->prefill(std::span(tokens_).first(8)), StatusCode::kContextFull,
                    {"40", "33", "8", "n_ctx"}));
  EXPECT_EQ(session->position(), 33);
  EXPECT_EQ(last_logits(*session), before);
  ASSERT_TRUE(is_ok(session->prefill(std::span(tokens_).first(7))));
  EXPECT_EQ(session->position(), 40);
  EXPECT_TRUE(fails(session->decode(tokens_[0]), StatusCode::kContextFull, {"40"}));
  ASSERT_TRUE(is_ok(session->truncate(39)));
  EXPECT_TRUE(is_ok(session->decode(tokens_[0])));
}

TEST_F(LlamaSession, RefusesTokensOutsideTheVocabularyAndReadsNone) {
  const auto session = must_create(model_);
  ASSERT_TRUE(is_ok(session->prefill(tokens_)));
  const std::int32_t n_vocab = model_->config().n_vocab;
  for (const Token bad : {Token{-1}, Token{n_vocab}, Token{INT32_MAX}, Token{INT32_MIN}}) {
    const Token list[] = {tokens_[0], bad};
    EXPECT_TRUE(fails(session->prefill(list), StatusCode::kInvalidArgument,
                      {"token 1", std::to_string(bad), std::to_string(n_vocab)}));
    EXPECT_TRUE(fails(session->decode(bad), StatusCode::kInvalidArgument, {std::to_string(bad)}));
  }
  EXPECT_EQ(session->position(), 33);
  EXPECT_TRUE(is_ok(session->decode(n_vocab - 1)));
}

TEST_F(LlamaSession, HasNoLogitsBeforeItReadAToken) {
  const auto session = must_create(model_);
  std::span<const float> logits;
  Token token = 77;
  EXPECT_TRUE(fails(session->logits(logits), StatusCode::kInvalidArgument, {"read a token"}));
  EXPECT_TRUE(fails(session->sample(token), StatusCode::kInvalidArgument, {"read a token"}));
  EXPECT_EQ(token, 77);
  ASSERT_TRUE(is_ok(session->prefill(tokens_)));
  ASSERT_TRUE(is_ok(session->truncate(20)));
  EXPECT_TRUE(fails(session->logits(logits), StatusCode::kInvalidArgument, {"truncate"}));
}

TEST_F(LlamaSession, RefusesToTruncateToWhatItDoesNotHave) {
  const auto session = must_create(model_);
  ASSERT_TRUE(is_ok(session->prefill(tokens_)));
  EXPECT_TRUE(fails(session->truncate(-1), StatusCode::kInvalidArgument, {"-1", "33"}));
  EXPECT_TRUE(fails(session->truncate(34), StatusCode::kInvalidArgument, {"34", "33"}));
  const std::vector<float> before = last_logits(*session);
  EXPECT_TRUE(is_ok(session->truncate(33)));
  EXPECT_EQ(last_logits(*session), before);
}

TEST_F(LlamaSession, ReadsNothingFromAnEmptyList) {
  const auto session = must_create(model_);
  EXPECT_TRUE(is_ok(session->prefill({})));
  EXPECT_EQ(session->position(), 0);
}

TEST_F(LlamaSession, StopsEvaluatingWhenItsCallbackSaysSo) {
  Options options;
  options.n_batch = 8;
  const auto session = must_create(model_, options);
  const auto stop = [](void*, std::size_t first, std::size_t, const float*) { return first < 10; };
  EXPECT_TRUE(fails(session->evaluate(tokens_, {stop, nullptr}), StatusCode::kCancelled, {}));
  EXPECT_EQ(session->position(), 16);
}

TEST_F(LlamaSession, SamplesTheSameFromTheSameSeed) {
  std::vector<std::vector<Token>> answers;
  for (const std::uint32_t seed : {7u, 7u, 8u}) {
    Options options;
    ASSERT_TRUE(is_ok(options.set_int("seed", seed)));
    ASSERT_TRUE(is_ok(options.set_float("temperature", 1.5)));
    const auto session = must_create(model_, options);
    ASSERT_TRUE(is_ok(session->prefill(tokens_)));
    std::vector<Token> answer;
    for (int i = 0; i < 24; ++i) {
      Token token = kNoToken;
      ASSERT_TRUE(is_ok(session->sample(token)));
      ASSERT_TRUE(is_ok(session->decode(token)));
      answer.push_back(token);
    }
    answers.push_back(answer);
  }
  EXPECT_EQ(answers[0], answers[1]);
  EXPECT_NE(answers[0], answers[2]);
}

}  // namespace
}  // namespace minnow
