// Several sessions of a model, decoded together: the same bits as one by one, whatever their pasts.
#include <gtest/gtest.h>

#include "support/tiny_sessions.hpp"

namespace minnow {
namespace {

using namespace testing_support;

class SessionsOf : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    model_ = must_open(tiny_path(GetParam()));
    tokens_ = many_tokens(GetParam(), 700);
  }
  // n sessions with pasts of different lengths, some across chunks and windows.
  std::vector<std::unique_ptr<Session>> create(std::size_t n) const {
    std::vector<std::unique_ptr<Session>> sessions;
    for (std::size_t i = 0; i < n; ++i) {
      Options options;
      options.n_ctx = 600;
      options.n_batch = i == 0 ? 64 : 16;
      sessions.push_back(must_create(model_, options));
      EXPECT_TRUE(is_ok(sessions[i]->prefill(std::span(tokens_).subspan(i, i * 251 % 560))));
    }
    return sessions;
  }
  static std::vector<Session*> pointers(const std::vector<std::unique_ptr<Session>>& sessions) {
    std::vector<Session*> all;
    for (const auto& session : sessions) all.push_back(session.get());
    return all;
  }

  std::shared_ptr<Model> model_;
  std::vector<Token> tokens_;
};

TEST_P(SessionsOf, DecodeTogetherToTheSameBits) {
  const auto together = create(9), apart = create(9);
  const std::vector<Session*> all = pointers(together);
  for (std::size_t step = 0; step < 20; ++step) {
    const std::span<const Token> tokens = std::span(tokens_).subspan(37 * step % 600, 9);
    ASSERT_TRUE(is_ok(Session::decode_together(all, tokens)));
    for (std::size_t i = 0; i < apart.size(); ++i) {
      ASSERT_TRUE(is_ok(apart[i]->decode(tokens[i])));
      ASSERT_EQ(together[i]->position(), apart[i]->position());
      ASSERT_EQ(last_logits(*together[i]), last_logits(*apart[i])) << "session " << i;
    }
  }
  // And each goes on alone as if nothing had happened.
  for (std::size_t i = 0; i < apart.size(); ++i) {
    ASSERT_TRUE(is_ok(together[i]->prefill(std::span(tokens_).first(11))));
    ASSERT_TRUE(is_ok(apart[i]->prefill(std::span(tokens_).first(11))));
    EXPECT_EQ(last_logits(*together[i]), last_logits(*apart[i])) << "session " << i;
  }
}

TEST_P(SessionsOf, ReadNothingWhenOneTokenDoesNotFit) {
  const auto sessions = create(3);
  ASSERT_TRUE(is_ok(sessions[1]->truncate(0)));
  ASSERT_TRUE(is_ok(sessions[1]->prefill(std::span(tokens_).first(600))));  // full
  const std::vector<Token> tokens = {1, 2, 3};
  const std::int64_t before[] = {sessions[0]->position(), 600, sessions[2]->position()};
  EXPECT_TRUE(fails(Session::decode_together(pointers(sessions), tokens), StatusCode::kContextFull,
                    {"600"}));
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(sessions[i]->position(), before[i]);
}

TEST_P(SessionsOf, AreRefusedTwiceOrWithAnotherModel) {
  const auto sessions = create(2);
  const auto other = must_create(must_open(tiny_path(GetParam())));
  EXPECT_TRUE(fails(
      Session::decode_together(std::vector{sessions[0].get(), sessions[1].get(), sessions[0].get()},
                               std::vector<Token>{1, 2, 3}),
      StatusCode::kInvalidArgument, {"session 2", "twice"}));
  EXPECT_TRUE(fails(Session::decode_together(std::vector{sessions[0].get(), other.get()},
                                             std::vector<Token>{1, 2}),
                    StatusCode::kInvalidArgument, {"session 1", "another model"}));
}

INSTANTIATE_TEST_SUITE_P(Tiny, SessionsOf, ::testing::Values("llama", "llama3", "qwen2", "gemma3"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace minnow
