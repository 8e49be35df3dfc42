// Memory as a contract, seen from outside: the estimate is what is taken, to the byte; a budget is
// never passed and refuses with the numbers; generating allocates nothing.
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "failing_memory.hpp"
#include "minnow/minnow.h"

namespace minnow::testing_support {
namespace {

using Json = nlohmann::json;

Json take_json(minnow_status status, char* text) {
  EXPECT_EQ(status, MINNOW_OK) << minnow_last_error();
  if (status != MINNOW_OK) return {};
  const Json json = Json::parse(text);
  minnow_free(text);
  return json;
}

std::string tiny(const char* name) {
  return std::string(MINNOW_TEST_DATA) + "/tiny/" + name + ".gguf";
}

// A host's allocator that counts, and never gives more than the budget that it was told.
class CountingHost {
 public:
  minnow_allocator allocator() { return {&CountingHost::allocate, &CountingHost::release, this}; }
  std::size_t n_bytes() const { return n_bytes_; }
  std::size_t peak_bytes() const { return peak_bytes_; }

 private:
  static void* allocate(void* user, std::size_t n_bytes, std::size_t alignment) {
    auto* host = static_cast<CountingHost*>(user);
    const std::lock_guard<std::mutex> lock(host->mutex_);
    void* p = nullptr;
    if (posix_memalign(&p, std::max(alignment, sizeof(void*)), n_bytes) != 0) return nullptr;
    host->n_bytes_ += n_bytes;
    host->peak_bytes_ = std::max(host->peak_bytes_, host->n_bytes_);
    return p;
  }
  static void release(void* user, void* p, std::size_t n_bytes) {
    auto* host = static_cast<CountingHost*>(user);
    const std::lock_guard<std::mutex> lock(host->mutex_);
    host->n_bytes_ -= n_bytes;
    std::free(p);
  }

  std::mutex mutex_;
  std::size_t n_bytes_ = 0;
  std::size_t peak_bytes_ = 0;
};

// Options, runtime, model and session of one test, closed in any case.
struct Handles {
  minnow_options* options = nullptr;
  minnow_runtime* runtime = nullptr;
  minnow_model* model = nullptr;
  minnow_session* session = nullptr;

  Handles() { EXPECT_EQ(minnow_options_create(&options), MINNOW_OK); }
  ~Handles() {
    minnow_session_free(session);
    minnow_model_free(model);
    minnow_runtime_free(runtime);
    minnow_options_free(options);
  }
  void set(const char* name, int64_t value) {
    EXPECT_EQ(minnow_options_set_int(options, name, value), MINNOW_OK) << minnow_last_error();
  }
  void make_runtime() {
    EXPECT_EQ(minnow_runtime_create(options, &runtime), MINNOW_OK) << minnow_last_error();
    EXPECT_EQ(minnow_options_set_runtime(options, runtime), MINNOW_OK);
  }
  Json memory() const {
    char* text = nullptr;
    const minnow_status status = minnow_runtime_describe(runtime, &text);
    return take_json(status, text).at("memory");
  }
  Json estimate(const std::string& path) const {
    char* text = nullptr;
    const minnow_status status = minnow_model_inspect(path.c_str(), options, &text);
    return take_json(status, text).at("memory");
  }
};

TEST(MemoryContract, TheEstimateIsWhatIsTakenToTheByte) {
  for (const char* name : {"llama", "qwen2", "gemma3", "mistral"}) {
    for (const int n_ctx : {64, 3000}) {
      Handles h;
      CountingHost host;
      const minnow_allocator allocator = host.allocator();
      ASSERT_EQ(minnow_options_set_allocator(h.options, &allocator), MINNOW_OK);
      h.set("threads", 2);
      h.set("n_ctx", n_ctx);
      h.make_runtime();
      const Json estimate = h.estimate(tiny(name));
      EXPECT_EQ(host.n_bytes(), 0u) << "an estimate takes nothing of the host's";
      ASSERT_EQ(minnow_model_open(tiny(name).c_str(), h.options, &h.model), MINNOW_OK);
      EXPECT_EQ(host.n_bytes(), estimate.at("model_bytes")) << name;
      ASSERT_EQ(minnow_session_create(h.model, h.options, &h.session), MINNOW_OK);
      EXPECT_EQ(host.n_bytes(), estimate.at("total_bytes")) << name;
      EXPECT_EQ(host.peak_bytes(), estimate.at("peak_bytes")) << name;
      EXPECT_EQ(h.memory().at("in_use_bytes"), host.n_bytes());
      EXPECT_EQ(h.memory().at("peak_bytes"), host.peak_bytes());
      const std::vector<minnow_token> tokens(40, 45);
      ASSERT_EQ(minnow_session_prefill(h.session, tokens.data(), tokens.size()), MINNOW_OK);
      EXPECT_EQ(host.peak_bytes(), estimate.at("peak_bytes")) << "reading takes nothing";
    }
  }
}

TEST(MemoryContract, ABudgetIsEnoughToTheByteAndNeverPassed) {
  int64_t peak = 0;
  {
    Handles h;
    h.set("threads", 2);
    peak = h.estimate(tiny("llama")).at("peak_bytes");
  }
  for (const int64_t budget : {peak, peak - 1, peak / 2, peak / 8, int64_t{1}}) {
    CountingHost host;
    Handles h;
    const minnow_allocator allocator = host.allocator();
    ASSERT_EQ(minnow_options_set_allocator(h.options, &allocator), MINNOW_OK);
    h.set("threads", 2);
    h.set("memory_budget", budget);
    h.make_runtime();
    minnow_status status = minnow_model_open(tiny("llama").c_str(), h.options, &h.model);
    if (status == MINNOW_OK) status = minnow_session_create(h.model, h.options, &h.session);
    EXPECT_EQ(status, budget == peak ? MINNOW_OK : MINNOW_OUT_OF_MEMORY) << budget;
    const std::string message = minnow_last_error();
    EXPECT_EQ(message.find(std::to_string(budget)) != std::string::npos, budget != peak) << message;
    EXPECT_LE(static_cast<int64_t>(host.peak_bytes()), budget);
    if (h.session == nullptr) continue;
    const std::vector<minnow_token> tokens(40, 45);
    minnow_token token = 0;
    EXPECT_EQ(minnow_session_prefill(h.session, tokens.data(), tokens.size()), MINNOW_OK);
    EXPECT_EQ(minnow_session_sample(h.session, &token), MINNOW_OK);
    EXPECT_EQ(minnow_session_decode(h.session, token), MINNOW_OK);
    EXPECT_LE(static_cast<int64_t>(host.peak_bytes()), budget);
  }
}

// What a conversation beyond its session takes (the text itself) is counted and refused too.
TEST(MemoryContract, AConversationStaysInTheBudget) {
  Handles h;
  CountingHost host;
  const minnow_allocator allocator = host.allocator();
  ASSERT_EQ(minnow_options_set_allocator(h.options, &allocator), MINNOW_OK);
  h.set("threads", 1);
  h.set("max_tokens", 4);
  const auto peak = h.estimate(tiny("qwen2")).at("peak_bytes").get<int64_t>();
  const int64_t budget = peak + 2000;
  h.set("memory_budget", budget);
  h.make_runtime();
  ASSERT_EQ(minnow_model_open(tiny("qwen2").c_str(), h.options, &h.model), MINNOW_OK);
  ASSERT_EQ(minnow_session_create(h.model, h.options, &h.session), MINNOW_OK);
  std::string text = "Hi";
  minnow_status status = MINNOW_OK;
  for (int turn = 0; turn < 12 && status == MINNOW_OK; ++turn, text += text)
    status = minnow_session_chat(
        h.session, "user", text.c_str(), [](void*, const char*, size_t) { return MINNOW_CONTINUE; },
        nullptr, nullptr);
  EXPECT_EQ(status, MINNOW_OUT_OF_MEMORY) << minnow_last_error();
  EXPECT_NE(std::string(minnow_last_error()).find(std::to_string(budget)), std::string::npos);
  EXPECT_LE(static_cast<int64_t>(host.peak_bytes()), budget);
}

// Everything that this program asks operator new and malloc for is counted.
long requests_of(const std::function<void()>& body) {
  arm(MemorySource::kNew, 0, false);
  resume();
  body();
  pause();
  return n_requests();
}

minnow_flow count_text(void* user, const char*, size_t n_bytes) {
  *static_cast<size_t*>(user) += n_bytes;
  return MINNOW_CONTINUE;
}

class TokenLoop : public ::testing::Test {
 protected:
  void SetUp() override {
    h_.set("threads", 2);
    h_.set("n_ctx", 256);
    ASSERT_EQ(minnow_options_set_text(h_.options, "stop", "\n\n\n", 3), MINNOW_OK);
    ASSERT_EQ(minnow_options_set_float(h_.options, "repeat_penalty", 1.1), MINNOW_OK);
    ASSERT_EQ(minnow_model_open(tiny("qwen2").c_str(), h_.options, &h_.model), MINNOW_OK);
    ASSERT_EQ(minnow_session_create(h_.model, h_.options, &h_.session), MINNOW_OK);
    const std::vector<minnow_token> tokens(8, 45);
    ASSERT_EQ(minnow_session_prefill(h_.session, tokens.data(), tokens.size()), MINNOW_OK);
  }
  Handles h_;
};

TEST_F(TokenLoop, OfSamplesAndDecodesAllocatesNothing) {
  int n_done = 0;
  const long n = requests_of([&] {
    for (int i = 0; i < 50; ++i) {
      minnow_token token = 0;
      n_done += minnow_session_sample(h_.session, &token) == MINNOW_OK;
      n_done += minnow_session_decode(h_.session, token) == MINNOW_OK;
    }
  });
  EXPECT_EQ(n_done, 100);
  EXPECT_EQ(n, 0);
}

TEST_F(TokenLoop, OfPulledPiecesAllocatesNothing) {
  ASSERT_EQ(minnow_session_chat(h_.session, "user", "Hello", nullptr, nullptr, nullptr), MINNOW_OK);
  int n_pieces = 0;
  const long n = requests_of([&] {
    const char* text = nullptr;
    size_t n_bytes = 0;
    while (n_pieces < 60 &&
           minnow_session_next(h_.session, &text, &n_bytes, nullptr) == MINNOW_OK && n_bytes > 0)
      ++n_pieces;
  });
  EXPECT_EQ(n_pieces, 60);
  EXPECT_EQ(n, 0);
}

// A whole call with a callback: what it takes does not depend on the length of the answer.
TEST_F(TokenLoop, OfAStreamedAnswerAllocatesNothing) {
  long first = 0;
  for (const int max_tokens : {3, 60, 120}) {
    h_.set("max_tokens", max_tokens);
    minnow_session* session = nullptr;
    ASSERT_EQ(minnow_session_create(h_.model, h_.options, &session), MINNOW_OK);
    size_t n_bytes = 0;
    const long n = requests_of([&] {
      EXPECT_EQ(minnow_session_complete(session, "Hello", 5, &count_text, &n_bytes, nullptr),
                MINNOW_OK);
    });
    minnow_session_free(session);
    EXPECT_GT(n_bytes, 0u);
    if (first == 0) first = n;
    EXPECT_EQ(n, first) << max_tokens;
  }
}

}  // namespace
}  // namespace minnow::testing_support
