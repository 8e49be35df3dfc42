// Cancelling: from another thread, from a callback, before a call. What counts is the work that is
// still done after cancel(), not the time on a machine that others use as well: the flag is looked
// at before every item of every job.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "support/tiny_sessions.hpp"

namespace minnow {
namespace {

using namespace testing_support;

constexpr std::size_t kLongPrompt = 6000;

Options long_context() {
  Options options;
  options.threads = 2;
  options.n_ctx = 8192;
  options.n_batch = 8192;  // one batch: a cancel has to be seen inside it
  return options;
}

TEST(Cancel, IsHonouredInsideALongBatch) {
  const auto model = must_open(tiny_path("llama"), long_context());
  const auto session = must_create(model, long_context());
  const std::vector<Token> prompt = many_tokens("llama", kLongPrompt);
  const auto time_of = [&](auto&& body) {
    const auto start = std::chrono::steady_clock::now();
    body();
    return std::chrono::steady_clock::now() - start;
  };
  // How long the batch takes undisturbed, so that the cancel comes well inside it.
  const auto whole = time_of([&] { ASSERT_TRUE(is_ok(session->prefill(prompt))); });
  bool was_cancelled = false;
  for (int attempt = 0; attempt < 8 && !was_cancelled; ++attempt) {
    ASSERT_TRUE(is_ok(session->truncate(0)));
    session->clear_cancel();
    std::thread other([&] {
      std::this_thread::sleep_for(whole / (8 << attempt));
      session->cancel();
    });
    const Status status = session->prefill(prompt);
    other.join();
    if (status.ok()) continue;  // the other thread was late: this machine is busy
    EXPECT_TRUE(fails(status, StatusCode::kCancelled, {"cancelled"}));
    EXPECT_EQ(session->position(), 0);
    was_cancelled = true;
  }
  EXPECT_TRUE(was_cancelled);
}

TEST(Cancel, LeavesOutTheItemsNotYetBegun) {
  // The host's executor sees every job: after cancel() from inside one, no item does any work, so
  // all that is left of the prompt costs a few empty jobs.
  struct Host {
    Session* session = nullptr;
    int n_jobs = 0;
    int cancel_at = 0;
  } host;
  Options options = long_context();
  options.executor.n_threads = 2;
  options.executor.user = &host;
  options.executor.run = [](void* user, void (*job)(void*, std::int32_t), void* context,
                            std::int32_t n_jobs) {
    auto* h = static_cast<Host*>(user);
    if (++h->n_jobs == h->cancel_at) h->session->cancel();
    for (std::int32_t i = 0; i < n_jobs; ++i) job(context, i);
  };
  const auto model = must_open(tiny_path("llama"), options);
  const auto session = must_create(model, options);
  host.session = session.get();
  const std::vector<Token> prompt = many_tokens("llama", 600);
  host.n_jobs = 0;
  ASSERT_TRUE(is_ok(session->prefill(prompt)));
  const int n_jobs_of_all = host.n_jobs;
  const int n_jobs_of_a_layer = n_jobs_of_all / model->config().n_layers;
  ASSERT_GT(n_jobs_of_a_layer, 2);
  for (const int cancel_at : {1, 2, n_jobs_of_a_layer, n_jobs_of_all / 2}) {
    ASSERT_TRUE(is_ok(session->truncate(0)));
    session->clear_cancel();
    host.n_jobs = 0;
    host.cancel_at = cancel_at;
    EXPECT_TRUE(fails(session->prefill(prompt), StatusCode::kCancelled, {"cancelled"}));
    EXPECT_LE(host.n_jobs, cancel_at + n_jobs_of_a_layer);
    EXPECT_EQ(session->position(), 0);
  }
  host.cancel_at = 0;
}

TEST(Cancel, KeepsWholeBatchesAndLetsTheSessionGoOn) {
  struct Progress {
    Session* session = nullptr;
    int n_calls = 0;
  } progress;
  Options options;
  options.n_batch = 16;
  options.progress.user = &progress;
  options.progress.callback = [](void* user, std::uint64_t done, std::uint64_t total) {
    auto* p = static_cast<Progress*>(user);
    EXPECT_EQ(total, 90u);
    EXPECT_EQ(done, static_cast<std::uint64_t>(++p->n_calls) * 16);
    if (p->n_calls == 3) p->session->cancel();
    return true;
  };
  const auto model = must_open(tiny_path("llama"));
  const auto session = must_create(model, options);
  progress.session = session.get();
  const std::vector<Token> prompt = many_tokens("llama", 90);
  EXPECT_TRUE(fails(session->prefill(prompt), StatusCode::kCancelled, {}));
  EXPECT_EQ(session->position(), 48);
  session->clear_cancel();
  for (std::size_t i = 48; i < prompt.size(); ++i) ASSERT_TRUE(is_ok(session->decode(prompt[i])));
  const auto other = must_create(model);
  ASSERT_TRUE(is_ok(other->prefill(prompt)));
  EXPECT_EQ(last_logits(*session), last_logits(*other));
}

TEST(Cancel, ComesFromTheProgressCallbackToo) {
  Options options;
  options.n_batch = 16;
  options.progress.callback = [](void*, std::uint64_t done, std::uint64_t) { return done < 32; };
  const auto session = must_create(must_open(tiny_path("llama")), options);
  EXPECT_TRUE(fails(session->prefill(many_tokens("llama", 90)), StatusCode::kCancelled,
                    {"progress callback"}));
  EXPECT_EQ(session->position(), 32);
}

TEST(Cancel, OfALoadLeavesNoModel) {
  Options options;
  options.progress.callback = [](void*, std::uint64_t done, std::uint64_t total) {
    EXPECT_LE(done, total);
    return done < total / 2;
  };
  std::shared_ptr<Model> model;
  EXPECT_TRUE(fails(open_model(tiny_path("llama"), options, model), StatusCode::kCancelled,
                    {"llama.gguf"}));
  EXPECT_EQ(model, nullptr);
}

}  // namespace
}  // namespace minnow
