// From a prompt to streamed text: where an answer ends and why, that only whole characters reach
// the caller, and that a BOS is never doubled.
#include "runtime/generation.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/join.hpp"
#include "runtime/chat.hpp"
#include "support/tiny_sessions.hpp"
#include "tokenizer/tokenizer.hpp"
#include "tokenizer/utf8.hpp"

namespace minnow {
namespace {

using namespace testing_support;

bool is_whole_utf8(std::string_view text) {
  while (!text.empty()) {
    const Utf8Char c = decode_utf8(text.data(), text.size());
    if (!c.valid) return false;
    text.remove_prefix(c.n_bytes);
  }
  return true;
}

struct Heard {
  std::string text;
  int n_calls = 0;
  int stop_after = 1 << 30;
  static bool call(void* user, std::string_view text) {
    auto* heard = static_cast<Heard*>(user);
    EXPECT_TRUE(is_whole_utf8(text)) << text;
    EXPECT_FALSE(text.empty());
    heard->text += text;
    return ++heard->n_calls < heard->stop_after;
  }
  TextSink sink() { return {&Heard::call, this}; }
};

class Generation : public ::testing::Test {
 protected:
  void SetUp() override {
    model_ = must_open(tiny_path("llama"));
    ASSERT_NE(model_, nullptr);
    options_ = greedy_options();
    options_.max_tokens = 40;
  }
  // A new session continues a text.
  Status complete(std::string_view text, Heard& heard, Answer& answer) {
    MINNOW_TRY(Chat::create(model_, options_, chat_));
    return chat_->complete(text, heard.sink(), answer);
  }
  // With a bias that makes the model say nothing but this.
  void always_say(Token token) {
    ASSERT_TRUE(is_ok(options_.set_text("logit_bias", join(token, "+10000"))));
  }

  std::shared_ptr<Model> model_;
  Options options_;
  std::unique_ptr<Chat> chat_;
};

TEST_F(Generation, EndsAfterMaxTokens) {
  options_.max_tokens = 9;
  Heard heard;
  Answer answer;
  ASSERT_TRUE(is_ok(complete("The old house", heard, answer)));
  EXPECT_EQ(answer.reason, FinishReason::kLength);
  EXPECT_EQ(answer.stats.answer_tokens, 9);
  EXPECT_EQ(answer.text, heard.text);
  EXPECT_EQ(chat_->session().position(), answer.stats.prompt_tokens + 9);
}

TEST_F(Generation, MakesNothingWhenMaxTokensIsZero) {
  options_.max_tokens = 0;
  Heard heard;
  Answer answer;
  ASSERT_TRUE(is_ok(complete("The old house", heard, answer)));
  EXPECT_EQ(answer.reason, FinishReason::kLength);
  EXPECT_EQ(heard.n_calls, 0);
}

TEST_F(Generation, EndsWhenTheContextIsFull) {
  options_.max_tokens = -1;
  options_.n_ctx = 24;
  Heard heard;
  Answer answer;
  ASSERT_TRUE(is_ok(complete("The old house", heard, answer)));
  EXPECT_EQ(answer.reason, FinishReason::kContext);
  EXPECT_EQ(chat_->session().position(), 24);
  Answer more;
  EXPECT_TRUE(
      fails(chat_->complete(" and more", heard.sink(), more), StatusCode::kContextFull, {"24"}));
}

TEST_F(Generation, EndsAtAnEndToken) {
  for (const Token end : model_->tokenizer().end_tokens()) {
    options_ = greedy_options();
    always_say(end);
    Heard heard;
    Answer answer;
    ASSERT_TRUE(is_ok(complete("The old house", heard, answer)));
    EXPECT_EQ(answer.reason, FinishReason::kEnd) << end;
    EXPECT_EQ(answer.stats.answer_tokens, 0);
    EXPECT_EQ(answer.text, "");
    EXPECT_EQ(heard.n_calls, 0);
  }
  EXPECT_FALSE(model_->tokenizer().end_tokens().empty());
}

TEST_F(Generation, EndsBeforeAStopText) {
  Heard all;
  Answer whole;
  ASSERT_TRUE(is_ok(complete("The old house", all, whole)));
  ASSERT_GT(whole.text.size(), 20u);
  // Stop texts of several lengths from the middle: they begin and end inside tokens.
  for (const std::size_t length : {1, 4, 9}) {
    std::size_t from = whole.text.size() / 2;
    while ((static_cast<unsigned char>(whole.text[from]) & 0xc0) == 0x80) ++from;
    const std::string stop = whole.text.substr(from, length);
    options_.stop = {"never to be seen", stop};
    Heard heard;
    Answer answer;
    ASSERT_TRUE(is_ok(complete("The old house", heard, answer)));
    EXPECT_EQ(answer.reason, FinishReason::kStopText);
    EXPECT_EQ(heard.text, whole.text.substr(0, whole.text.find(stop)));
    EXPECT_EQ(answer.text, heard.text);
  }
}

TEST_F(Generation, ShowsWhatWasHeldBackForAStopTextThatDoesNotCome) {
  Heard all;
  Answer whole;
  ASSERT_TRUE(is_ok(complete("The old house", all, whole)));
  options_.stop = {whole.text.substr(whole.text.size() / 2) + "something else"};
  Heard heard;
  Answer answer;
  ASSERT_TRUE(is_ok(complete("The old house", heard, answer)));
  EXPECT_EQ(answer.reason, FinishReason::kLength);
  EXPECT_EQ(heard.text, whole.text);
}

TEST_F(Generation, EndsWhenTheCallbackSaysSo) {
  Heard heard;
  heard.stop_after = 3;
  Answer answer;
  ASSERT_TRUE(is_ok(complete("The old house", heard, answer)));
  EXPECT_EQ(answer.reason, FinishReason::kCallback);
  EXPECT_EQ(heard.n_calls, 3);
  EXPECT_EQ(answer.text, heard.text);
}

TEST_F(Generation, ContinuesSeamlesslyWhereItStopped) {
  Heard whole, parts;
  Answer answer;
  options_.max_tokens = 20;
  ASSERT_TRUE(is_ok(complete("The old house", whole, answer)));
  options_.max_tokens = 10;
  Answer first, second;
  ASSERT_TRUE(is_ok(complete("The old house", parts, first)));
  ASSERT_TRUE(is_ok(chat_->complete("", parts.sink(), second)));
  EXPECT_EQ(second.stats.prompt_tokens, 0);
  EXPECT_EQ(parts.text, whole.text);
}

TEST_F(Generation, GivesWholeCharactersOnly) {
  // The bytes of U+1F600 are tokens of their own in this vocabulary; Heard checks each piece.
  const Token first_byte = model_->tokenizer().find("<0xF0>");
  std::pmr::vector<Token> emoji;
  ASSERT_TRUE(is_ok(model_->tokenizer().encode("\xF0\x9F\x98\x80", {false, false}, &emoji)));
  ASSERT_GE(emoji.size(), 4u) << first_byte;
  options_.max_tokens = 6;
  always_say(emoji[emoji.size() - 4]);
  Heard heard;
  Answer answer;
  ASSERT_TRUE(is_ok(complete("The old house", heard, answer)));
  EXPECT_EQ(answer.stats.answer_tokens, 6);
  EXPECT_NE(heard.text.find("\xEF\xBF\xBD"), std::string::npos);  // U+FFFD for half characters
}

TEST_F(Generation, NeedsAPromptOrAPast) {
  // A vocabulary without BOS: nothing at all would be read.
  const auto model = must_open(tiny_path("qwen2"));
  std::unique_ptr<Chat> chat;
  ASSERT_TRUE(is_ok(Chat::create(model, greedy_options(), chat)));
  Answer answer;
  EXPECT_TRUE(
      fails(chat->complete("", {}, answer), StatusCode::kInvalidArgument, {"prompt is empty"}));
}

TEST_F(Generation, NeverDoublesABos) {
  options_.max_tokens = 1;
  const Token bos = model_->tokenizer().special().bos;
  ASSERT_NE(bos, kNoToken);
  std::vector<Token> plain;
  for (const std::string text : {"The old house", "<s>The old house"}) {
    Heard heard;
    Answer answer;
    ASSERT_TRUE(is_ok(complete(text, heard, answer)));
    const auto tokens = chat_->session().tokens();
    ASSERT_GE(tokens.size(), 3u);
    EXPECT_EQ(tokens[0], bos);
    EXPECT_NE(tokens[1], bos) << text;
    if (plain.empty())
      plain.assign(tokens.begin(), tokens.end());
    else
      EXPECT_EQ(tokens.size(), plain.size());
  }
  // Nor does a later call add one in the middle.
  Answer answer;
  ASSERT_TRUE(is_ok(chat_->complete(" stood", {}, answer)));
  const auto tokens = chat_->session().tokens();
  EXPECT_EQ(std::count(tokens.begin(), tokens.end(), bos), 1);
}

TEST_F(Generation, KeepsWhatWasSaidWhenItIsCancelled) {
  struct Canceller {
    Session* session;
    int n_calls = 0;
  } canceller;
  Answer answer;
  ASSERT_TRUE(is_ok(Chat::create(model_, options_, chat_)));
  canceller.session = &chat_->session();
  const auto cancel = [](void* user, std::string_view) {
    auto* c = static_cast<Canceller*>(user);
    if (++c->n_calls == 4) c->session->cancel();
    return true;
  };
  EXPECT_TRUE(fails(chat_->complete("The old house", {cancel, &canceller}, answer),
                    StatusCode::kCancelled, {}));
  EXPECT_EQ(canceller.n_calls, 4);
  EXPECT_FALSE(answer.text.empty());
}

}  // namespace
}  // namespace minnow
