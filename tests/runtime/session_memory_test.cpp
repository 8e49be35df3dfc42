// Memory is a contract: the estimate is what is taken, a budget is never passed, and the token loop
// allocates nothing. Every operator new of this program is counted here.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>
#include <new>

#include "base/join.hpp"
#include "runtime/chat.hpp"
#include "runtime/memory_estimate.hpp"
#include "support/tiny_sessions.hpp"

namespace {

std::atomic<std::size_t> n_allocations{0};

void* counted(std::size_t n_bytes, std::size_t alignment) noexcept {
  n_allocations.fetch_add(1, std::memory_order_relaxed);
  if (alignment <= alignof(std::max_align_t)) return std::malloc(n_bytes == 0 ? 1 : n_bytes);
  void* p = nullptr;
  return posix_memalign(&p, alignment, n_bytes == 0 ? 1 : n_bytes) == 0 ? p : nullptr;
}

void* counted_or_throw(std::size_t n_bytes, std::size_t alignment) {
  void* p = counted(n_bytes, alignment);
  if (p == nullptr) throw std::bad_alloc();
  return p;
}

std::size_t number(std::align_val_t alignment) {
  return static_cast<std::size_t>(alignment);
}

}  // namespace

void* operator new(std::size_t n) {
  return counted_or_throw(n, 1);
}
void* operator new[](std::size_t n) {
  return counted_or_throw(n, 1);
}
void* operator new(std::size_t n, std::align_val_t a) {
  return counted_or_throw(n, number(a));
}
void* operator new[](std::size_t n, std::align_val_t a) {
  return counted_or_throw(n, number(a));
}
void* operator new(std::size_t n, const std::nothrow_t&) noexcept {
  return counted(n, 1);
}
void* operator new[](std::size_t n, const std::nothrow_t&) noexcept {
  return counted(n, 1);
}
void* operator new(std::size_t n, std::align_val_t a, const std::nothrow_t&) noexcept {
  return counted(n, number(a));
}
void* operator new[](std::size_t n, std::align_val_t a, const std::nothrow_t&) noexcept {
  return counted(n, number(a));
}
void operator delete(void* p) noexcept {
  std::free(p);
}
void operator delete[](void* p) noexcept {
  std::free(p);
}
void operator delete(void* p, std::size_t) noexcept {
  std::free(p);
}
void operator delete[](void* p, std::size_t) noexcept {
  std::free(p);
}
void operator delete(void* p, std::align_val_t) noexcept {
  std::free(p);
}
void operator delete[](void* p, std::align_val_t) noexcept {
  std::free(p);
}
void operator delete(void* p, std::size_t, std::align_val_t) noexcept {
  std::free(p);
}
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept {
  std::free(p);
}

namespace minnow {
namespace {

using namespace testing_support;

// A host's allocator that knows every block, so that a wrong size or a leak is seen.
class CountingHost {
 public:
  AllocatorHooks hooks() { return {&CountingHost::allocate, &CountingHost::release, this}; }
  std::size_t n_live() const { return live_.size(); }
  std::size_t n_taken() const { return n_taken_; }
  std::size_t peak_bytes() const { return peak_bytes_; }
  bool was_wrong() const { return was_wrong_; }

 private:
  static void* allocate(void* user, std::size_t n_bytes, std::size_t alignment) {
    auto* host = static_cast<CountingHost*>(user);
    const std::lock_guard<std::mutex> lock(host->mutex_);
    void* p = nullptr;
    if (posix_memalign(&p, std::max(alignment, sizeof(void*)), n_bytes) != 0) return nullptr;
    host->live_[p] = n_bytes;
    host->bytes_ += n_bytes;
    host->peak_bytes_ = std::max(host->peak_bytes_, host->bytes_);
    ++host->n_taken_;
    return p;
  }
  static void release(void* user, void* p, std::size_t n_bytes) {
    auto* host = static_cast<CountingHost*>(user);
    const std::lock_guard<std::mutex> lock(host->mutex_);
    const auto at = host->live_.find(p);
    if (at == host->live_.end() || at->second != n_bytes) {
      host->was_wrong_ = true;
      return;
    }
    host->bytes_ -= n_bytes;
    host->live_.erase(at);
    std::free(p);
  }

  std::mutex mutex_;
  std::map<void*, std::size_t> live_;
  std::size_t n_taken_ = 0;
  std::size_t bytes_ = 0;
  std::size_t peak_bytes_ = 0;
  bool was_wrong_ = false;
};

TEST(SessionMemory, IsAllTakenAtTheStart) {
  for (const char* name : {"llama", "gemma3"}) {
    Options options;
    options.threads = 2;
    ASSERT_TRUE(is_ok(options.set_float("repeat_penalty", 1.2)));
    ASSERT_TRUE(is_ok(options.set_float("dry_multiplier", 0.8)));
    const auto model = must_open(tiny_path(name), options);
    const auto session = must_create(model, options);
    const std::vector<Token> tokens = tiny_tokens(name, 2);
    ASSERT_TRUE(is_ok(session->prefill(std::span(tokens).first(8))));  // starts the threads
    const HostMemory& memory = model->runtime().memory();
    const std::size_t in_use = memory.in_use_bytes(), peak = memory.peak_bytes();
    const std::size_t before = n_allocations.load();
    bool ok = session->prefill(std::span(tokens).subspan(8, 60)).ok();
    for (int i = 0; i < 30; ++i) {
      Token token = kNoToken;
      ok &= session->sample(token).ok();
      ok &= session->decode(token).ok();
    }
    ok &= session->truncate(20).ok();
    ok &= session->prefill(std::span(tokens).subspan(20, 40)).ok();
    EXPECT_EQ(n_allocations.load(), before) << name;
    EXPECT_TRUE(ok);
    EXPECT_EQ(memory.in_use_bytes(), in_use);
    EXPECT_EQ(memory.peak_bytes(), peak);
  }
}

TEST(SessionMemory, ComesFromTheHostsAllocatorAndGoesBackWhole) {
  CountingHost host;
  Options options;
  options.allocator = host.hooks();
  {
    const auto model = must_open(tiny_path("llama"), options);
    const std::size_t n_before = host.n_taken();
    const auto session = must_create(model, options);
    EXPECT_GT(host.n_taken(), n_before);
    EXPECT_EQ(host.peak_bytes(), model->runtime().memory().peak_bytes());
    const std::vector<Token> tokens = tiny_tokens("llama", 1);
    const std::size_t n_taken = host.n_taken();
    ASSERT_TRUE(is_ok(session->prefill(tokens)));
    last_logits(*session);
    EXPECT_EQ(host.n_taken(), n_taken);
  }
  EXPECT_EQ(host.n_live(), 0u);
  EXPECT_FALSE(host.was_wrong());
}

TEST(SessionMemory, IsWhatTheEstimateSays) {
  for (const char* name : {"llama", "gemma3"}) {
    Options options;
    options.threads = 2;
    options.n_ctx = 700;
    std::shared_ptr<Runtime> runtime;
    ASSERT_TRUE(is_ok(Runtime::create(options, runtime)));
    MemoryEstimate estimate;
    ASSERT_TRUE(is_ok(estimate_memory(tiny_path(name), options, *runtime, estimate)));
    const auto model = must_open(tiny_path(name), options);
    const HostMemory& memory = model->runtime().memory();
    EXPECT_EQ(estimate.model_bytes, memory.in_use_bytes());
    std::unique_ptr<Chat> chat;
    ASSERT_TRUE(is_ok(Chat::create(model, options, chat)));
    EXPECT_EQ(estimate.model_bytes + estimate.session_bytes, memory.in_use_bytes());
    EXPECT_EQ(estimate.peak_bytes, memory.peak_bytes());
    EXPECT_EQ(estimate.weights_bytes, model->weights_bytes());
    EXPECT_EQ(estimate.kv_bytes, chat->session().size().kv_bytes);
    EXPECT_EQ(estimate.n_ctx, 700);
    EXPECT_GT(estimate.kv_bytes, 0u);
    EXPECT_LT(estimate.kv_bytes, estimate.session_bytes);
  }
}

TEST(MemoryBudget, IsRefusedWithTheNumbersAndNeverPassed) {
  Options options;
  options.threads = 1;
  const auto model = must_open(tiny_path("llama"), options);
  const auto session = must_create(model, options);
  const std::size_t needed = model->runtime().memory().peak_bytes();

  Options enough = options;
  enough.memory_budget = static_cast<std::int64_t>(needed);
  EXPECT_NE(must_create(must_open(tiny_path("llama"), enough), enough), nullptr);

  // Enough for the model and not for a session: the model stays usable.
  Options little = options;
  little.memory_budget = static_cast<std::int64_t>(needed - 1);
  const auto other = must_open(tiny_path("llama"), little);
  ASSERT_NE(other, nullptr);
  std::unique_ptr<Session> refused;
  const std::size_t in_use = other->runtime().memory().in_use_bytes();
  Options greedy = little;
  greedy.n_ctx = 100000;
  const Status status = Session::create(other, greedy, refused);
  EXPECT_TRUE(fails(status, StatusCode::kOutOfMemory,
                    {"a session", std::to_string(needed - 1), std::to_string(in_use)}));
  EXPECT_EQ(refused, nullptr);
  EXPECT_EQ(other->runtime().memory().in_use_bytes(), in_use);
  EXPECT_LE(other->runtime().memory().peak_bytes(), needed - 1);
  Options small = little;
  small.n_ctx = 16;
  small.n_batch = 4;
  EXPECT_NE(must_create(other, small), nullptr);
}

TEST(MemoryBudget, RefusesAModelThatDoesNotFit) {
  Options options;
  options.memory_budget = 700 << 10;  // the directory and vocabulary fit, the weights do not
  std::shared_ptr<Model> model;
  EXPECT_TRUE(fails(open_model(tiny_path("gemma3"), options, model), StatusCode::kOutOfMemory,
                    {"the model's weights", std::to_string(700 << 10)}));
  EXPECT_EQ(model, nullptr);
}

TEST(MemoryBudget, OfARuntimeCountsAllItsModelsAndSessions) {
  Options options;
  options.threads = 1;
  const auto alone = must_open(tiny_path("llama"), options);
  options.memory_budget = static_cast<std::int64_t>(alone->runtime().memory().peak_bytes() * 3 / 2);
  std::shared_ptr<Runtime> runtime;
  ASSERT_TRUE(is_ok(Runtime::create(options, runtime)));
  options.runtime = runtime;
  auto first = must_open(tiny_path("llama"), options);
  ASSERT_NE(first, nullptr);
  std::shared_ptr<Model> second;
  bool refused = false;
  try {
    refused = open_model(tiny_path("llama"), options, second).code() == StatusCode::kOutOfMemory;
  } catch (const std::bad_alloc&) {
    refused = true;  // of the tokenizer's tables; becomes a status at the C interface
  }
  EXPECT_TRUE(refused);
  first.reset();
  EXPECT_NE(must_open(tiny_path("llama"), options), nullptr);
}

TEST(SessionMemory, OfAnAbsurdContextIsRefusedClearly) {
  Options options;
  options.n_ctx = 16777216;
  options.kv_type = "f32";
  options.n_batch = 8192;
  std::unique_ptr<Session> session;
  // Untouched pages cost nothing, so a system may grant this; with a limit it is refused by number.
  Options limited;
  limited.memory_budget = std::int64_t{1} << 30;
  const auto other = must_open(tiny_path("llama"), limited);
  const Status status = Session::create(other, options, session);
  EXPECT_TRUE(fails(status, StatusCode::kOutOfMemory, {"a session needs", "1073741824"}));
  EXPECT_EQ(session, nullptr);
}

}  // namespace
}  // namespace minnow
