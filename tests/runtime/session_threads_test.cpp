// Threads change nothing but speed: sessions beside each other on one model, any number of threads,
// and the host's own threads in any order give the bits of one session alone.
#include <gtest/gtest.h>

#include <thread>

#include "support/tiny_sessions.hpp"

namespace minnow {
namespace {

using namespace testing_support;

// Greedy tokens after a prompt, and the logits after the last of them.
struct Continuation {
  std::vector<Token> tokens;
  std::vector<float> logits;
  bool operator==(const Continuation&) const = default;
};

Status continue_prompt(const std::shared_ptr<Model>& model, std::span<const Token> prompt,
                       Continuation& out) {
  std::unique_ptr<Session> session;
  MINNOW_TRY(Session::create(model, greedy_options(), session));
  MINNOW_TRY(session->prefill(prompt));
  for (int i = 0; i < 12; ++i) {
    Token token = kNoToken;
    MINNOW_TRY(session->sample(token));
    MINNOW_TRY(session->decode(token));
    out.tokens.push_back(token);
  }
  std::span<const float> logits;
  MINNOW_TRY(session->logits(logits));
  out.logits.assign(logits.begin(), logits.end());
  return {};
}

Options with_threads(int n) {
  Options options;
  options.threads = n;
  return options;
}

TEST(Threads, SessionsBesideEachOtherDoNotNoticeIt) {
  constexpr std::size_t kThreads = 4, kSessions = 4;
  const auto model = must_open(tiny_path("gemma3"), with_threads(2));
  ASSERT_NE(model, nullptr);
  const std::vector<Token> tokens = tiny_tokens("gemma3", 2);
  const auto prompt = [&](std::size_t i) { return std::span(tokens).first(20 + 4 * i); };
  std::vector<Continuation> alone(kThreads * kSessions), together(kThreads * kSessions);
  for (std::size_t i = 0; i < alone.size(); ++i)
    ASSERT_TRUE(is_ok(continue_prompt(model, prompt(i), alone[i])));
  std::vector<Status> statuses(alone.size());
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = t * kSessions; i < (t + 1) * kSessions; ++i)
        statuses[i] = continue_prompt(model, prompt(i), together[i]);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < alone.size(); ++i) {
    ASSERT_TRUE(is_ok(statuses[i]));
    EXPECT_TRUE(together[i] == alone[i]) << "session " << i;
  }
}

TEST(Threads, SessionsTakeTurnsOnOneThreadWithoutMixing) {
  const auto model = must_open(tiny_path("qwen2"), with_threads(2));
  const std::vector<Token> tokens = tiny_tokens("qwen2", 2);
  const auto a = must_create(model), b = must_create(model), alone = must_create(model);
  for (std::size_t i = 0; i < 30; ++i) {
    ASSERT_TRUE(is_ok(a->decode(tokens[i])));
    ASSERT_TRUE(is_ok(b->decode(tokens[40 + i])));
  }
  ASSERT_TRUE(is_ok(alone->prefill(std::span(tokens).first(30))));
  EXPECT_EQ(last_logits(*a), last_logits(*alone));
  EXPECT_NE(last_logits(*b), last_logits(*alone));
}

TEST(Threads, AnyNumberGivesTheSameBits) {
  const std::vector<Token> tokens = tiny_tokens("llama", 2);
  Continuation one;
  ASSERT_TRUE(is_ok(continue_prompt(must_open(tiny_path("llama"), with_threads(1)), tokens, one)));
  for (int n = 2; n <= 8; ++n) {
    Continuation more;
    ASSERT_TRUE(
        is_ok(continue_prompt(must_open(tiny_path("llama"), with_threads(n)), tokens, more)));
    EXPECT_TRUE(more == one) << n << " threads";
  }
}

using Job = void (*)(void*, std::int32_t);

void run_in_order(void* user, Job job, void* context, std::int32_t n_jobs) {
  ++*static_cast<int*>(user);
  for (std::int32_t i = 0; i < n_jobs; ++i) job(context, i);
}

void run_backwards(void* user, Job job, void* context, std::int32_t n_jobs) {
  ++*static_cast<int*>(user);
  for (std::int32_t i = n_jobs; i-- > 0;) job(context, i);
}

void run_on_new_threads(void* user, Job job, void* context, std::int32_t n_jobs) {
  ++*static_cast<int*>(user);
  std::vector<std::thread> threads;
  for (std::int32_t i = 0; i < n_jobs; ++i) threads.emplace_back(job, context, i);
  for (std::thread& thread : threads) thread.join();
}

TEST(Threads, TheHostsExecutorGivesTheSameBits) {
  const std::vector<Token> tokens = tiny_tokens("llama", 1);
  Continuation own;
  ASSERT_TRUE(is_ok(continue_prompt(must_open(tiny_path("llama"), with_threads(1)), tokens, own)));
  for (const auto run : {&run_in_order, &run_backwards, &run_on_new_threads}) {
    for (const int n_threads : {1, 2, 4}) {
      int n_calls = 0;
      Options options;
      options.executor = {run, n_threads, &n_calls};
      const auto model = must_open(tiny_path("llama"), options);
      ASSERT_NE(model, nullptr);
      EXPECT_EQ(model->runtime().pool().n_threads(), n_threads);
      Continuation hosted;
      ASSERT_TRUE(is_ok(continue_prompt(model, tokens, hosted)));
      EXPECT_TRUE(hosted == own) << n_threads << " threads";
      EXPECT_EQ(model->runtime().pool().n_started(), 1) << "threads beside the host's";
      EXPECT_EQ(n_calls > 0, n_threads > 1);
    }
  }
}

TEST(Threads, AnExecutorWithoutThreadsIsRefused) {
  for (const int n_threads : {0, -1, 257}) {
    Options options;
    options.executor = {&run_in_order, n_threads, nullptr};
    std::shared_ptr<Model> model;
    EXPECT_TRUE(fails(open_model(tiny_path("llama"), options, model), StatusCode::kInvalidArgument,
                      {"executor", std::to_string(n_threads)}));
  }
}

TEST(Threads, ModelsShareTheRuntimeThatTheyAreGiven) {
  Options options = with_threads(2);
  std::shared_ptr<Runtime> runtime;
  ASSERT_TRUE(is_ok(Runtime::create(options, runtime)));
  options.runtime = runtime;
  const auto llama = must_open(tiny_path("llama"), options);
  const auto gemma = must_open(tiny_path("gemma3"), options);
  ASSERT_NE(llama, nullptr);
  ASSERT_NE(gemma, nullptr);
  EXPECT_EQ(&llama->runtime(), runtime.get());
  EXPECT_EQ(&gemma->runtime(), runtime.get());
  Continuation shared, alone;
  const std::vector<Token> tokens = tiny_tokens("gemma3", 1);
  ASSERT_TRUE(is_ok(continue_prompt(gemma, tokens, shared)));
  ASSERT_TRUE(
      is_ok(continue_prompt(must_open(tiny_path("gemma3"), with_threads(1)), tokens, alone)));
  EXPECT_TRUE(shared == alone);
}

}  // namespace
}  // namespace minnow
