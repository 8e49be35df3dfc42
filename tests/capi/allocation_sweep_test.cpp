// The n-th allocation fails, for every n, through the whole C interface: always a status, never a
// leak, and trying again gives the same answer. Through the host's allocator, through operator new
// and malloc, and through mmap.
#include <gtest/gtest.h>

#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "../support/gguf_writer.hpp"
#include "../support/temporary_folder.hpp"
#include "failing_memory.hpp"
#include "minnow/minnow.h"

namespace minnow::testing_support {
namespace {

// One way through the library, as steps that a test can repeat one by one.
class Walk {
 public:
  Walk(std::string path, MemorySource source) : path_(std::move(path)), source_(source) {
    heard_.reserve(1 << 20);  // so that it is never the test's own memory that fails
  }
  Walk(const Walk&) = delete;
  ~Walk() { close(); }

  minnow_status configure() {
    if (options_ == nullptr) {
      const minnow_status made = minnow_options_create(&options_);
      if (made != MINNOW_OK) return made;
    }
    minnow_status status = minnow_options_set_int(options_, "threads", 2);
    if (status == MINNOW_OK) status = minnow_options_set_int(options_, "n_ctx", 256);
    if (status == MINNOW_OK) status = minnow_options_set_int(options_, "max_tokens", 8);
    if (status == MINNOW_OK) status = minnow_options_set_float(options_, "repeat_penalty", 1.1);
    if (status == MINNOW_OK) status = minnow_options_set_int(options_, "seed", 7);
    if (source_ == MemorySource::kHost && status == MINNOW_OK) {
      const minnow_allocator allocator = failing_allocator();
      status = minnow_options_set_allocator(options_, &allocator);
    }
    return status;
  }
  minnow_status open() { return minnow_model_open(path_.c_str(), options_, &model_); }
  minnow_status start() { return minnow_session_create(model_, options_, &session_); }
  minnow_status tokenize() {
    minnow_token* tokens = nullptr;
    std::size_t n_tokens = 0, n_bytes = 0;
    minnow_status status = minnow_model_tokenize(model_, "Hello, world", MINNOW_ZERO_TERMINATED,
                                                 MINNOW_ADD_SPECIAL, &tokens, &n_tokens);
    if (status != MINNOW_OK) return status;
    char* text = nullptr;
    status = minnow_model_detokenize(model_, tokens, n_tokens, 0, &text, &n_bytes);
    minnow_free(tokens);
    if (status == MINNOW_OK) heard_.assign(text, n_bytes);
    minnow_free(text);
    return status;
  }
  minnow_status system() {
    return minnow_session_chat(session_, "system", "Be kind.", nullptr, nullptr, nullptr);
  }
  minnow_status chat() {
    heard_.clear();
    return minnow_session_chat(session_, "user", "Hello", &hear, this, nullptr);
  }
  // An answer in pieces. A failure in the middle takes back the question or keeps what was given.
  minnow_status pull() {
    heard_.clear();
    minnow_status status =
        minnow_session_chat(session_, "user", "And you?", nullptr, nullptr, nullptr);
    for (std::size_t n_bytes = 1; status == MINNOW_OK && n_bytes > 0;) {
      const char* text = nullptr;
      status = minnow_session_next(session_, &text, &n_bytes, nullptr);
      if (status == MINNOW_OK) hear(this, text, n_bytes);
    }
    return status;
  }
  minnow_status complete() {
    heard_.clear();
    return minnow_session_complete(session_, " and so", MINNOW_ZERO_TERMINATED, &hear, this,
                                   nullptr);
  }
  minnow_status messages() {
    const minnow_status status = take(minnow_session_messages(session_, &json_));
    return status == MINNOW_OK ? minnow_session_set_messages(session_, heard_.data(), heard_.size())
                               : status;
  }
  minnow_status stats() {
    const minnow_status status = take(minnow_session_stats(session_, &json_));
    heard_.clear();  // times differ
    return status;
  }
  minnow_status save() {
    heard_.clear();
    return minnow_session_save(session_, saved_path_.c_str());
  }
  minnow_status restore() { return minnow_session_restore(session_, saved_path_.c_str()); }
  // What a fork would say next.
  minnow_status fork() {
    heard_.clear();
    minnow_session* copy = nullptr;
    minnow_status status = minnow_session_fork(session_, &copy);
    if (status == MINNOW_OK)
      status =
          minnow_session_complete(copy, " and then", MINNOW_ZERO_TERMINATED, &hear, this, nullptr);
    minnow_session_free(copy);
    return status;
  }
  minnow_status score() {
    const char* const texts[] = {" yes", " no"};
    double scores[2] = {0, 0};
    const minnow_status status = minnow_session_score(session_, "Is it?", texts, 2, scores);
    heard_.assign(reinterpret_cast<const char*>(scores), sizeof scores);
    return status;
  }
  minnow_status adapt() {
    heard_.clear();
    minnow_adapter* adapter = nullptr;
    minnow_status status = minnow_adapter_open(model_, lora_path_.c_str(), &adapter);
    if (status == MINNOW_OK) status = minnow_session_attach(session_, adapter, 0.5);
    minnow_adapter_free(adapter);
    return status;
  }
  // A LoRA for the tiny models, whose hidden size is 64.
  void write_lora(const std::string& architecture) {
    constexpr std::uint64_t kSize = 64, kRank = 4;
    GgufWriter writer;
    writer.add_string("general.architecture", architecture);
    writer.add_string("general.type", "adapter");
    writer.add_string("adapter.type", "lora");
    writer.add("adapter.lora.alpha", 8.0f);
    Bytes values;
    for (std::uint64_t i = 0; i < kSize * kRank; ++i)
      append_number(values, static_cast<float>(i % 7) * 0.1f - 0.3f);
    writer.add_tensor("blk.0.attn_output.weight.lora_a", {kSize, kRank}, 0, values);
    writer.add_tensor("blk.0.attn_output.weight.lora_b", {kRank, kSize}, 0, values);
    const std::string written = folder_.write("lora.gguf", writer.build());
    ASSERT_FALSE(written.empty());
  }
  minnow_status render() {
    return take(minnow_model_apply_template(
        model_, R"({"messages": [{"role": "user", "content": "Hi"}]})", MINNOW_ZERO_TERMINATED,
        "2024-07-26 12:34:56", &json_, nullptr));
  }
  minnow_status describe() { return take(minnow_options_describe(&json_)); }
  minnow_status inspect() { return take(minnow_model_inspect(path_.c_str(), options_, &json_)); }
  minnow_status runtime() {
    minnow_runtime* runtime = nullptr;
    minnow_status status = minnow_runtime_create(nullptr, &runtime);
    if (status == MINNOW_OK) status = take(minnow_runtime_describe(runtime, &json_));
    minnow_runtime_free(runtime);
    heard_.clear();  // what the system did not tell is left out
    return status;
  }

  void leave() {
    minnow_session_free(session_);
    session_ = nullptr;
  }
  void close() {
    minnow_session_free(session_);
    minnow_model_free(model_);
    minnow_options_free(options_);
    session_ = nullptr;
    model_ = nullptr;
    options_ = nullptr;
  }
  const std::string& heard() const { return heard_; }

 private:
  static minnow_flow hear(void* user, const char* text, std::size_t n_bytes) {
    auto* walk = static_cast<Walk*>(user);
    walk->heard_.append(text, n_bytes);
    return MINNOW_CONTINUE;
  }
  minnow_status take(minnow_status status) {
    if (status != MINNOW_OK) return status;
    heard_ = json_;
    minnow_free(json_);
    return status;
  }

  TemporaryFolder folder_;
  const std::string saved_path_ = folder_.path("walk.mnw");
  const std::string lora_path_ = folder_.path("lora.gguf");
  std::string path_;
  MemorySource source_;
  std::string heard_;  // of the last step
  char* json_ = nullptr;
  minnow_options* options_ = nullptr;
  minnow_model* model_ = nullptr;
  minnow_session* session_ = nullptr;
};

using Step = minnow_status (Walk::*)();

// What a walk came to. Has its memory before, so that it is the library's that fails.
struct Outcome {
  Outcome() { heard.reserve(1 << 20); }
  minnow_status status = MINNOW_OK;
  std::string heard;
};

// Takes the steps; one that fails for lack of memory is tried again, once.
void walk(Walk& through, const std::vector<Step>& steps, bool tries_again, Outcome& out) {
  out.status = MINNOW_OK;
  out.heard.clear();
  for (const Step step : steps) {
    for (int attempt = 0; attempt < 2; ++attempt) {
      resume();
      out.status = (through.*step)();
      pause();
      if (out.status != MINNOW_OUT_OF_MEMORY) break;
      EXPECT_NE(*minnow_last_error(), '\0');
      if (!tries_again) return;
    }
    if (out.status != MINNOW_OK) return;
    out.heard += through.heard();
  }
}

const char* name_of(MemorySource source) {
  return source == MemorySource::kNew ? "new" : source == MemorySource::kHost ? "host" : "map";
}

class AllocationSweep : public ::testing::Test {
 protected:
  using Steps = std::vector<Step>;

  // Fails every request of the steps, one after the other, alone and with all that follow;
  // `prepare` and `tidy` are undisturbed.
  void sweep(MemorySource source, Walk& through, const Steps& prepare, const Steps& steps,
             const std::function<void()>& tidy) {
    if (source == MemorySource::kMap && !can_fail_system_calls()) return;
    Outcome undisturbed, outcome;
    const auto prepared = [&] {
      for (const Step step : prepare) ASSERT_EQ((through.*step)(), MINNOW_OK);
    };
    for (int warm_up = 0; warm_up < 2; ++warm_up) {
      prepared();
      arm(source, 0, false);
      walk(through, steps, false, undisturbed);
      tidy();
      ASSERT_EQ(undisturbed.status, MINNOW_OK) << minnow_last_error();
    }
    const long n_all = n_requests();
    ASSERT_GT(n_all, 0);
    for (const bool and_all_later : {false, true}) {
      for (long n = 1; n <= n_all; ++n) {
        const std::string where = std::string(name_of(source)) + ", request " + std::to_string(n);
        const long n_live = n_live_blocks();
        prepared();
        arm(source, n, and_all_later);
        walk(through, steps, !and_all_later, outcome);
        tidy();
        n_failures_ += has_failed() ? 1 : 0;
        const bool is_as_expected = and_all_later
                                        ? outcome.status == MINNOW_OUT_OF_MEMORY || !has_failed()
                                        : outcome.status == MINNOW_OK;
        ASSERT_TRUE(is_as_expected)
            << where << ": " << minnow_status_name(outcome.status) << ": " << minnow_last_error();
        ASSERT_TRUE(and_all_later || outcome.heard == undisturbed.heard) << where;
        ASSERT_EQ(n_live_blocks(), n_live) << "a leak, " << where;
      }
    }
    EXPECT_FALSE(had_wrong_release());
  }

  void TearDown() override { std::printf("%ld allocations were made to fail\n", n_failures_); }

  static std::string tiny(const char* name) {
    return std::string(MINNOW_TEST_DATA) + "/tiny/" + name + ".gguf";
  }

 private:
  long n_failures_ = 0;
};

TEST_F(AllocationSweep, OpeningIsAStatusAndWorksTheNextTime) {
  for (const MemorySource source : {MemorySource::kNew, MemorySource::kHost, MemorySource::kMap}) {
    for (const char* name : {"llama", "qwen2", "gemma3"}) {
      Walk through(tiny(name), source);
      sweep(source, through, {}, {&Walk::configure, &Walk::open, &Walk::start},
            [&] { through.close(); });
    }
  }
}

TEST_F(AllocationSweep, TalkingIsAStatusAndGivesTheSameAnswer) {
  for (const MemorySource source : {MemorySource::kNew, MemorySource::kHost}) {
    Walk through(tiny("qwen2"), source);
    ASSERT_EQ(through.configure(), MINNOW_OK) << minnow_last_error();
    ASSERT_EQ(through.open(), MINNOW_OK) << minnow_last_error();
    sweep(source, through, {&Walk::start},
          {&Walk::tokenize, &Walk::system, &Walk::chat, &Walk::pull, &Walk::complete,
           &Walk::messages, &Walk::stats, &Walk::render},
          [&] { through.leave(); });
  }
}

TEST_F(AllocationSweep, KeepingAndAdaptingIsAStatusAndGoesOnTheSame) {
  for (const MemorySource source : {MemorySource::kNew, MemorySource::kHost, MemorySource::kMap}) {
    Walk through(tiny("qwen2"), source);
    through.write_lora("qwen2");
    ASSERT_EQ(through.configure(), MINNOW_OK) << minnow_last_error();
    ASSERT_EQ(through.open(), MINNOW_OK) << minnow_last_error();
    sweep(source, through, {&Walk::start, &Walk::complete},
          {&Walk::save, &Walk::score, &Walk::fork, &Walk::adapt, &Walk::complete, &Walk::save,
           &Walk::restore, &Walk::complete},
          [&] { through.leave(); });
  }
}

TEST_F(AllocationSweep, DescribingIsAStatus) {
  for (const MemorySource source : {MemorySource::kNew, MemorySource::kMap}) {
    Walk through(tiny("llama"), source);
    sweep(source, through, {&Walk::configure}, {&Walk::describe, &Walk::runtime, &Walk::inspect},
          [&] { through.close(); });
  }
}

}  // namespace
}  // namespace minnow::testing_support
