// minnow.hpp: the wrapper does what the C functions do, and turns statuses into exceptions.
#include <gtest/gtest.h>

#include <atomic>
#include <minnow/minnow.hpp>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

const std::string kModel = MINNOW_TEST_DATA "/tiny/qwen2.gguf";

minnow::Options greedy() {
  minnow::Options options;
  options.set("temperature", 0.0).set("max_tokens", 6).set("threads", 2);
  return options;
}

TEST(Wrapper, GivesTokenByTokenWhatSayGives) {
  const auto model = minnow::Model::open(kModel);
  auto whole = model.session(greedy());
  std::string expected;
  whole.complete("Hello world", [&](std::string_view text) { expected += text; });
  auto session = model.session(greedy());
  session.prefill(model.tokenize("Hello world"));
  std::vector<minnow::Token> answer;
  for (minnow::Token t = session.sample(); !model.is_end(t) && answer.size() < 6;
       t = session.sample()) {
    EXPECT_LE(model.piece(t).size(), 64u);
    session.decode(t);
    answer.push_back(t);
  }
  EXPECT_EQ(model.detokenize(answer), expected);
  EXPECT_EQ(session.position(), static_cast<std::int64_t>(5 + answer.size()));
  EXPECT_NE(session.logits(), nullptr);
}

TEST(Wrapper, EmbedsTextsAsRowsOfLengthOne) {
  const auto model = minnow::Model::open(MINNOW_TEST_DATA "/zoo/bert.gguf");
  const auto v = model.embed({"first text", "second text"});
  ASSERT_EQ(v.n_rows, 2u);
  ASSERT_EQ(v.n_embd, 64u);
  ASSERT_EQ(v.values.size(), 128u);
  for (std::size_t row = 0; row < 2; ++row) {
    double square = 0;
    for (std::size_t i = 0; i < v.n_embd; ++i) square += double{v[row][i]} * v[row][i];
    EXPECT_NEAR(square, 1.0, 1e-5);
  }
  EXPECT_NE(std::vector<float>(v[0], v[1]), std::vector<float>(v[1], v[1] + 64));
  const auto one = model.embed({"second text"}, minnow::Options().set("normalize", 1));
  EXPECT_EQ(std::vector<float>(v[1], v[1] + 64), one.values);
  EXPECT_EQ(model.embed({}).n_rows, 0u);
}

TEST(Wrapper, ThrowsTheStatusAndTheMessage) {
  try {
    minnow::Model::open("/no/such/model.gguf");
    FAIL() << "nothing was thrown";
  } catch (const minnow::Error& e) {
    EXPECT_EQ(e.status(), MINNOW_NOT_FOUND);
    EXPECT_NE(std::string(e.what()).find("/no/such/model.gguf"), std::string::npos);
  }
  EXPECT_THROW(minnow::Options().set("n_ctxx", 1), minnow::Error);
  EXPECT_THROW(minnow::Options().set("kv_type", "q8"), minnow::Error);
  EXPECT_THROW(minnow::Model::open(kModel).get("colour"), minnow::Error);
}

TEST(Wrapper, LetsTheCallbacksExceptionThrough) {
  const auto model = minnow::Model::open(kModel);
  auto chat = model.session(greedy());
  EXPECT_THROW(chat.say("Hello", [](std::string_view) { throw std::logic_error("enough"); }),
               std::logic_error);
  EXPECT_FALSE(chat.say("Hello again").empty());  // the session lives
}

TEST(Wrapper, EndsAnAnswerWhenTheCallbackReturnsFalse) {
  auto chat = minnow::Model::open(kModel).session(greedy());  // outlives the model's handle
  int n_calls = 0;
  const minnow_reason reason = chat.say("Hello", [&](std::string_view) { return ++n_calls < 2; });
  EXPECT_EQ(reason, MINNOW_REASON_CALLBACK);
  EXPECT_EQ(n_calls, 2);
}

TEST(Wrapper, CarriesTextWithZerosAndNoText) {
  const auto model = minnow::Model::open(kModel);
  const std::string text("a\0b", 3);
  EXPECT_EQ(model.detokenize(model.tokenize(text)), text);
  EXPECT_TRUE(model.tokenize("").empty());
  EXPECT_EQ(model.detokenize({}), "");
}

TEST(Wrapper, TellsAFileWithoutLoadingIt) {
  EXPECT_NE(minnow::Model::inspect(kModel).find("token_embd.weight"), std::string::npos);
}

// While one thread is inside a session, another finds it busy, and can only cancel.
TEST(CSession, IsBusyForOtherThreadsAndCancelledByThem) {
  const auto model = minnow::Model::open(kModel, minnow::Options().set("threads", 1));
  minnow::Options options;
  options.set("n_ctx", 8192).set("n_batch", 64);
  struct Gate {
    std::atomic<bool> is_inside{false}, may_go_on{false};
  } gate;
  const auto wait = [](void* user, uint64_t, uint64_t) {
    auto* g = static_cast<Gate*>(user);
    g->is_inside = true;
    while (!g->may_go_on) std::this_thread::yield();
    return MINNOW_CONTINUE;
  };
  ASSERT_EQ(minnow_options_set_progress(options.get(), wait, &gate), MINNOW_OK);
  auto session = model.session(options);
  const std::vector<minnow::Token> prompt(1000, 45);
  minnow_status status = MINNOW_OK;
  std::thread reader(
      [&] { status = minnow_session_prefill(session.get(), prompt.data(), prompt.size()); });
  while (!gate.is_inside) std::this_thread::yield();
  minnow_token token = 0;
  int64_t n_tokens = 77;
  EXPECT_EQ(minnow_session_sample(session.get(), &token), MINNOW_BUSY);
  EXPECT_EQ(minnow_session_position(session.get(), &n_tokens, nullptr), MINNOW_BUSY);
  EXPECT_EQ(minnow_session_chat(session.get(), "user", "Hi", nullptr, nullptr, nullptr),
            MINNOW_BUSY);
  EXPECT_EQ(n_tokens, 77);
  EXPECT_EQ(minnow_session_cancel(session.get()), MINNOW_OK);
  gate.may_go_on = true;
  reader.join();
  EXPECT_EQ(status, MINNOW_CANCELLED);
  EXPECT_EQ(session.position(), 64);
  EXPECT_NO_THROW(session.decode(45));
}

}  // namespace
