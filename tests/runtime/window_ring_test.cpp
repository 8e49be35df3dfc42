// Layers with a window keep a ring of chunks: less memory than the whole context, and the same bits
// wherever reading goes on.
#include <gtest/gtest.h>

#include "runtime/session_state.hpp"
#include "support/tiny_sessions.hpp"

namespace minnow {
namespace {

using namespace testing_support;

// gemma3 has a window of 16 in five of six layers; with batches of at most 64 a ring of a few
// chunks goes round several times in 3,000 positions.
class WindowRing : public ::testing::Test {
 protected:
  void SetUp() override {
    model_ = must_open(tiny_path("gemma3"));
    tokens_ = many_tokens("gemma3", 3000);
  }
  std::unique_ptr<Session> create() const {
    Options options;
    options.n_ctx = 3000;
    options.n_batch = 64;
    return must_create(model_, options);
  }
  std::span<const Token> tokens(std::size_t from, std::size_t n) const {
    return std::span(tokens_).subspan(from, n);
  }
  // In one batch of a session that keeps everything.
  std::vector<float> expected(std::size_t n) const {
    Options options;
    options.n_ctx = 3000;
    options.n_batch = 3000;
    const auto session = must_create(model_, options);
    EXPECT_TRUE(is_ok(session->prefill(tokens(0, n))));
    return last_logits(*session);
  }

  std::shared_ptr<Model> model_;
  std::vector<Token> tokens_;
};

TEST_F(WindowRing, TakesAFractionOfTheMemory) {
  Options all;
  all.n_ctx = 3000;
  all.n_batch = 3000;
  EXPECT_LT(create()->size().kv_bytes, must_create(model_, all)->size().kv_bytes / 2);
}

TEST_F(WindowRing, GoesRoundToTheSameBits) {
  const auto session = create();
  std::size_t done = 0;
  for (const std::size_t upto : {300, 301, 1500, 1790, 1793, 3000}) {
    ASSERT_TRUE(is_ok(session->prefill(tokens(done, upto - done))));
    done = upto;
    ASSERT_EQ(last_logits(*session), expected(upto)) << upto << " tokens";
  }
}

TEST_F(WindowRing, GoesBackAnyWayToTheSameBits) {
  const auto session = create();
  ASSERT_TRUE(is_ok(session->prefill(tokens(0, 2990))));
  // Near, farther than the ring, into the first chunk, and again after going forward.
  for (const std::size_t kept : {2989u, 2700u, 1100u, 1030u, 40u, 1u, 0u}) {
    ASSERT_TRUE(is_ok(session->truncate(static_cast<std::int64_t>(kept))));
    ASSERT_EQ(session->position(), static_cast<std::int64_t>(kept));
    ASSERT_TRUE(is_ok(session->prefill(tokens(kept, 1))));
    ASSERT_EQ(last_logits(*session), expected(kept + 1)) << kept << " kept";
    ASSERT_TRUE(is_ok(session->prefill(tokens(kept + 1, 5))));
  }
}

TEST_F(WindowRing, IsCopiedWithWhatItHasLost) {
  const auto session = create();
  ASSERT_TRUE(is_ok(session->prefill(tokens(0, 2900))));
  ASSERT_TRUE(is_ok(session->truncate(2580)));
  const auto copy = create();
  copy_session(*session, *copy);
  // So far back that neither has it any more, although 2,580 positions alone would not say so.
  for (const std::size_t kept : {2579u, 2300u, 2100u, 1500u}) {
    ASSERT_TRUE(is_ok(copy->truncate(static_cast<std::int64_t>(kept))));
    ASSERT_TRUE(is_ok(copy->prefill(tokens(kept, 1))));
    ASSERT_EQ(last_logits(*copy), expected(kept + 1)) << kept << " kept";
  }
}

TEST_F(WindowRing, SurvivesACancelledBatch) {
  const auto session = create();
  ASSERT_TRUE(is_ok(session->prefill(tokens(0, 1020))));
  session->cancel();
  EXPECT_TRUE(fails(session->prefill(tokens(1020, 60)), StatusCode::kCancelled, {}));
  session->clear_cancel();
  ASSERT_EQ(session->position(), 1020);
  ASSERT_TRUE(is_ok(session->truncate(700)));
  ASSERT_TRUE(is_ok(session->prefill(tokens(700, 400))));
  EXPECT_EQ(last_logits(*session), expected(1100));
}

}  // namespace
}  // namespace minnow
