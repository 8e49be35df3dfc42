// What the host asks of time and threads: deadlines, rests, affinity, odd executors, odd numbers of
// threads. Results never change.
#include "base/governor.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <mutex>
#include <thread>

#include "support/tiny_sessions.hpp"

namespace minnow {
namespace {

using namespace testing_support;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::vector<float> logits_with(const Options& options) {
  const auto model = must_open(tiny_path("llama"), options);
  const auto session = must_create(model, options);
  EXPECT_TRUE(is_ok(session->prefill(tiny_tokens("llama", 2))));
  EXPECT_TRUE(is_ok(session->decode(5)));
  return last_logits(*session);
}

std::vector<float> expected_logits() {
  Options options;
  options.threads = 1;
  return logits_with(options);
}

TEST(Deadline, EndsACallInsideABatchAndLetsTheSessionGoOn) {
  Options options;
  options.threads = 2;
  options.n_ctx = 8192;
  options.n_batch = 512;
  const auto model = must_open(tiny_path("llama"), options);
  const auto session = must_create(model, options);
  const std::vector<Token> prompt = many_tokens("llama", 6000);
  const auto start = Clock::now();
  ASSERT_TRUE(is_ok(session->prefill(prompt)));
  const double whole = seconds_since(start);
  ASSERT_TRUE(is_ok(session->truncate(0)));
  session->governor().set_deadline(whole / 8);
  session->governor().begin_call();
  EXPECT_EQ(session->prefill(prompt).code(), StatusCode::kCancelled);
  session->governor().end_call();
  EXPECT_TRUE(session->governor().has_timed_out());
  EXPECT_EQ(session->position() % 512, 0);
  EXPECT_LT(session->position(), 6000);
  session->governor().set_deadline(INFINITY);
  session->clear_cancel();
  session->governor().begin_call();
  EXPECT_FALSE(session->governor().has_timed_out());
  const auto n_read = static_cast<std::size_t>(session->position());
  EXPECT_TRUE(is_ok(session->prefill(std::span(prompt).subspan(n_read, 100))));
}

TEST(DutyCycle, RestsInBetweenAndChangesNoBit) {
  Options options;
  options.threads = 1;
  options.n_ctx = 8192;
  std::vector<float> first;
  double busy = 0;
  for (const int duty : {100, 25}) {
    options.duty_cycle = duty;
    const auto model = must_open(tiny_path("llama"), options);
    const auto session = must_create(model, options);
    const std::vector<Token> prompt = many_tokens("llama", 4000);
    const auto start = Clock::now();
    session->governor().begin_call();
    ASSERT_TRUE(is_ok(session->prefill(prompt)));
    session->governor().end_call();
    const double seconds = seconds_since(start);
    const double cpu = session->governor().cpu_seconds();
    EXPECT_GT(cpu, 0);
    if (duty == 100) {
      first = last_logits(*session);
      busy = cpu;
    } else {
      EXPECT_EQ(last_logits(*session), first);
      // A quarter of the time at most, but for the last stretch of 10 ms.
      EXPECT_GT(seconds, 3 * (cpu - 0.02)) << "busy for " << busy << " s without rests";
    }
  }
}

TEST(Affinity, IsReadAndWrittenAsUsersNameCpus) {
  CpuSet set;
  ASSERT_TRUE(is_ok(CpuSet::parse("0-3,6", set)));
  EXPECT_EQ(set.count(), 5);
  EXPECT_EQ(set.text(), "0-3,6");
  ASSERT_TRUE(is_ok(CpuSet::parse("7,1023", set)));
  EXPECT_EQ(set.text(), "7,1023");
  for (const char* bad :
       {"", "a", "3-1", "1,,2", "-1", "1-", "1024", "0-3;6", "1 2", "99999999999"})
    EXPECT_TRUE(fails(CpuSet::parse(bad, set), StatusCode::kInvalidArgument, {"affinity"})) << bad;
  EXPECT_EQ(set.text(), "7,1023");
}

TEST(Affinity, IsConfirmedOrRefusedAndChangesNoBit) {
  const std::vector<float> expected = expected_logits();
  const std::string own = CpuSet::of_this_thread().text();
  ASSERT_FALSE(own.empty());
  for (const bool possible : {true, false}) {
    Options options;
    options.threads = 3;
    options.affinity = possible ? own : "1001";
    const auto model = must_open(tiny_path("llama"), options);
    ASSERT_NE(model, nullptr);
    const ThreadPool::Affinity result = model->runtime().pool().try_affinity();
    EXPECT_EQ(result.n_confirmed, possible ? 2 : 0);
    EXPECT_EQ(result.n_refused, possible ? 0 : 2);
    EXPECT_EQ(result.asked.text(), options.affinity);
    EXPECT_EQ(logits_with(options), expected);
  }
  Options wrong;
  wrong.affinity = "big cores";
  std::shared_ptr<Model> model;
  EXPECT_TRUE(fails(open_model(tiny_path("llama"), wrong, model), StatusCode::kInvalidArgument,
                    {"affinity", "big cores"}));
}

using Job = void (*)(void*, std::int32_t);

// An executor that returns at once and runs each job later, on a thread of its own.
class LateExecutor {
 public:
  ExecutorHooks hooks(int n_threads) { return {&LateExecutor::run, n_threads, this}; }
  ~LateExecutor() { finish(); }
  void finish() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  static void run(void* user, Job job, void* context, std::int32_t n_jobs) {
    auto* self = static_cast<LateExecutor*>(user);
    if (self->threads_.size() > 200) self->finish();
    for (std::int32_t i = 0; i < n_jobs; ++i)
      self->threads_.emplace_back([=] {
        std::this_thread::sleep_for(std::chrono::microseconds(100 * (1 + i)));
        job(context, i);
      });
  }
  std::vector<std::thread> threads_;
};

TEST(Executor, ThatIsLateLosesNothing) {
  const std::vector<float> expected = expected_logits();
  for (const int n_threads : {2, 4}) {
    LateExecutor late;
    Options options;
    options.executor = late.hooks(n_threads);
    const auto model = must_open(tiny_path("llama"), options);
    const auto session = must_create(model, options);
    ASSERT_TRUE(is_ok(session->prefill(tiny_tokens("llama", 2))));
    ASSERT_TRUE(is_ok(session->decode(5)));
    EXPECT_EQ(last_logits(*session), expected) << n_threads;
    late.finish();  // its last jobs find nothing to do; the model is still there
  }
}

TEST(Executor, ThatDropsOrDoublesJobsLosesNothing) {
  const std::vector<float> expected = expected_logits();
  const auto drop = [](void*, Job, void*, std::int32_t) {};
  const auto only_odd = [](void*, Job job, void* context, std::int32_t n_jobs) {
    for (std::int32_t i = 1; i < n_jobs; i += 2) job(context, i);
  };
  const auto twice = [](void*, Job job, void* context, std::int32_t n_jobs) {
    std::thread other([=] {
      for (std::int32_t i = 0; i < n_jobs; ++i) job(context, i);
    });
    for (std::int32_t i = 0; i < n_jobs; ++i) job(context, i);
    job(context, -1);
    job(context, 1 << 30);
    other.join();
  };
  for (const auto run : {+drop, +only_odd, +twice}) {
    Options options;
    options.executor = {run, 4, nullptr};
    EXPECT_EQ(logits_with(options), expected);
  }
}

TEST(ThreadCount, OfNoneOrTenThousandIsRefusedOrRight) {
  Options options;
  EXPECT_TRUE(fails(options.set_int("threads", 10000), StatusCode::kInvalidArgument,
                    {"threads", "10000", "256"}));
  const std::vector<float> expected = expected_logits();
  for (const int threads : {0, 8, 64}) {  // 0: one for each core; 8 and 64: more than there are
    options.threads = threads;
    EXPECT_EQ(logits_with(options), expected) << threads;
  }
}

// As under `taskset -c 0`, in a process of its own.
TEST(ThreadCount, OnOneCoreIsRight) {
  const std::vector<float> expected = expected_logits();
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    if (sched_setaffinity(0, sizeof one, &one) != 0) _exit(3);
    Options automatic, eight;
    automatic.threads = 0;
    eight.threads = 8;
    const bool is_right = logits_with(automatic) == expected && logits_with(eight) == expected;
    _exit(is_right && usable_cpus(detect_cpu_topology()) == 1 ? 0 : 1);
  }
  int state = -1;
  ASSERT_EQ(waitpid(child, &state, 0), child);
  EXPECT_TRUE(WIFEXITED(state));
  EXPECT_EQ(WEXITSTATUS(state), 0);
}

}  // namespace
}  // namespace minnow
