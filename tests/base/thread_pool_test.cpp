// The pool under stress: every item of every job runs exactly once, with that job's own context,
// however the threads are put aside in between.
#include "base/thread_pool.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <new>
#include <thread>
#include <vector>

namespace minnow {
namespace {

// What a job leaves: how often each item ran, and whether it ever ran outside its job.
struct Work {
  explicit Work(std::size_t n) : counts(n) {}
  std::vector<std::atomic<int>> counts;
  std::atomic<bool> is_open{true};
  std::atomic<bool> was_late{false};

  void run(std::int64_t item) {
    if (!is_open.load() || static_cast<std::size_t>(item) >= counts.size())
      was_late = true;
    else
      counts[static_cast<std::size_t>(item)].fetch_add(1);
  }
  bool ran_once_each() const {
    return std::all_of(counts.begin(), counts.end(), [](const auto& n) { return n.load() == 1; });
  }
};

// Short jobs of changing sizes one after the other: a thread that leaves one meets the next. The
// works outlive all jobs, so that a late item is seen and not a crash.
void expect_jobs_stay_apart(int n_threads, int n_jobs) {
  ThreadPool pool(n_threads);
  std::vector<std::unique_ptr<Work>> works;
  const std::size_t sizes[] = {2, 9, 3, 64, 2, 31, 5};
  for (int i = 0; i < n_jobs; ++i) {
    works.push_back(std::make_unique<Work>(sizes[static_cast<std::size_t>(i) % 7]));
    Work& work = *works.back();
    pool.for_each(static_cast<std::int64_t>(work.counts.size()), nullptr,
                  [&work](int, std::int64_t item) { work.run(item); });
    ASSERT_TRUE(work.ran_once_each()) << "job " << i;
    work.is_open = false;
  }
  for (const auto& work : works) {
    EXPECT_TRUE(work->ran_once_each());
    EXPECT_FALSE(work->was_late.load());
  }
}

TEST(ThreadPool, RunsEachItemOnceInItsOwnJob) {
  for (const int n_threads : {2, 3, 4, 8}) {
    SCOPED_TRACE(n_threads);
    expect_jobs_stay_apart(n_threads, 20000);
  }
}

TEST(ThreadPool, GivesEachWorkerAnIndexOfItsOwn) {
  ThreadPool pool(4);
  std::atomic<int> inside[4] = {};
  std::atomic<bool> shared{false};
  for (int i = 0; i < 500; ++i) {
    pool.for_each(40, nullptr, [&](int worker, std::int64_t) {
      if (inside[worker].fetch_add(1) != 0) shared = true;
      inside[worker].fetch_sub(1);
    });
  }
  EXPECT_FALSE(shared.load());
}

TEST(ThreadPool, ServesManyCallersAtOnce) {
  ThreadPool pool(3);
  std::atomic<int> n_wrong{0};
  std::vector<std::thread> callers;
  for (int c = 0; c < 4; ++c) {
    callers.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) {
        Work work(static_cast<std::size_t>(2 + i % 17));
        pool.for_each(static_cast<std::int64_t>(work.counts.size()), nullptr,
                      [&work](int, std::int64_t item) { work.run(item); });
        if (!work.ran_once_each() || work.was_late) n_wrong.fetch_add(1);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(n_wrong.load(), 0);
}

TEST(ThreadPool, RunsAJobBesideWhatTheCallerDoes) {
  for (const int n_threads : {1, 2, 4}) {
    SCOPED_TRACE(n_threads);
    ThreadPool pool(n_threads);
    for (int i = 0; i < 500; ++i) {
      Work work(static_cast<std::size_t>(1 + i % 9));
      const auto n = static_cast<std::int64_t>(work.counts.size());
      const auto run = [&work](int, std::int64_t item) { work.run(item); };
      bool was_there = false;
      if (i % 3 == 0) {
        EXPECT_THROW(pool.for_each_beside(n, nullptr, run, [] { throw std::bad_alloc(); }),
                     std::bad_alloc);
      } else {
        pool.for_each_beside(n, nullptr, run, [&] {
          std::atomic<int> n_run{0};  // a job of its own finds the pool taken and runs alone
          pool.for_each(3, nullptr, [&](int, std::int64_t) { ++n_run; });
          was_there = n_run.load() == 3;
        });
        EXPECT_TRUE(was_there);
      }
      ASSERT_TRUE(work.ran_once_each()) << "job " << i;
    }
  }
}

TEST(ThreadPool, LetsOtherThreadsWorkMeanwhile) {
  ThreadPool pool(2);
  std::atomic<bool> was_run{false};
  pool.for_each_beside(
      1, nullptr, [&](int, std::int64_t) { was_run = true; },
      [&] {
        const auto start = std::chrono::steady_clock::now();
        while (!was_run.load() &&
               std::chrono::steady_clock::now() - start < std::chrono::minutes(1))
          std::this_thread::yield();
        EXPECT_TRUE(was_run.load() || pool.n_started() == 1);
      });
  EXPECT_TRUE(was_run.load());
}

TEST(ThreadPool, LeavesOutItemsOnceItIsCancelled) {
  for (const int n_threads : {1, 3}) {
    ThreadPool pool(n_threads);
    std::atomic<bool> cancel{false};
    std::atomic<int> n_run{0};
    pool.for_each(1000, &cancel, [&](int, std::int64_t) {
      if (n_run.fetch_add(1) == 10) cancel = true;
    });
    EXPECT_LE(n_run.load(), 11 + n_threads);
    EXPECT_GE(n_run.load(), 11);
  }
}

TEST(ThreadPool, StartsNoThreadBeforeAJobNeedsOne) {
  ThreadPool pool(4);
  int n_run = 0;
  pool.for_each(0, nullptr, [&](int, std::int64_t) { ++n_run; });
  pool.for_each(1, nullptr, [&](int, std::int64_t) { ++n_run; });
  EXPECT_EQ(n_run, 1);
  EXPECT_EQ(pool.n_started(), 1);
  std::atomic<int> n_more{0};
  pool.for_each(8, nullptr, [&](int, std::int64_t) { ++n_more; });
  EXPECT_EQ(n_more.load(), 8);
  EXPECT_LE(pool.n_started(), 4);
}

}  // namespace
}  // namespace minnow
