// ThreadPool: runs the items of one job on a few threads, the caller's among them.
//
// Threads claim items one by one, so big and little cores, and cores that do other work as well,
// finish together. Each begins in a stretch of its own, a lane, and goes through it in order: what
// items read often lies together, and memory is read fastest in long stretches. Who is done with
// its lane helps in the others. The caller waits until all items are done, not until all threads
// have passed by: a thread that the system has put aside holds nobody up unless it sits on an item.
// Idle threads spin briefly and then sleep. Jobs are noexcept and allocate nothing.
//
// One job runs at a time. A caller that finds the pool busy with another session's job runs its own
// job alone, on its own thread: sessions never wait for one another.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>

#include "base/cpu_clock.hpp"
#include "base/cpu_set.hpp"
#include "base/status.hpp"

namespace minnow {

// The host's threads (minnow_executor). run() calls job(context, i) for each i below n_jobs and
// returns when all are done.
struct ExecutorHooks {
  void (*run)(void* user, void (*job)(void* context, std::int32_t i), void* context,
              std::int32_t n_jobs) = nullptr;
  std::int32_t n_threads = 0;
  void* user = nullptr;
};

// Memory that the job after this one reads, in as many lanes: the first bytes of each are fetched
// into the caches of idle threads; nothing else depends on it.
struct Upcoming {
  const std::byte* data = nullptr;
  std::int64_t lane_bytes = 0;
  std::int64_t n_lanes = 0;
};

class ThreadPool {
 public:
  // item in [0, n_items), worker in [0, n_threads()): the index of scratch memory to use.
  using Job = void (*)(void* context, int worker, std::int64_t item) noexcept;

  static constexpr int kMaxThreads = 256;

  // n_threads counts the caller's. Starts no thread yet: that happens at the first job that can use
  // one. A thread that the system refuses means fewer threads, not an error.
  // With `affinity`, each thread that the pool makes asks to be kept on these CPUs; the caller's is
  // the host's and stays where it is.
  explicit ThreadPool(int n_threads, ExecutorHooks executor = {}, const CpuSet& affinity = {});
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int n_threads() const { return n_threads_; }
  // Threads that were really started (with the caller's); 1 before the first job.
  int n_started() const { return 1 + n_started_.load(std::memory_order_relaxed); }

  // What became of the affinity. Starts the threads, to find out.
  struct Affinity {
    int n_confirmed = 0;
    int n_refused = 0;
    CpuSet asked;
  };
  Affinity try_affinity() noexcept;
  // CPU time of the pool's own threads.
  double cpu_seconds() const noexcept;

  // Runs job for every item. When *cancel becomes true, items not yet begun are left out; the
  // caller has to look at it afterwards. cancel may be NULL.
  void run(std::int64_t n_items, Job job, void* context, const std::atomic<bool>* cancel,
           const Upcoming& next = {}) noexcept;

  // The same with anything callable as body(int worker, std::int64_t item).
  template <class Body>
  void for_each(std::int64_t n_items, const std::atomic<bool>* cancel, Body&& body,
                const Upcoming& next = {}) noexcept {
    run(n_items, &call<std::remove_reference_t<Body>>, address_of(body), cancel, next);
  }

  // The same while meanwhile() runs on the caller's thread, which then helps with what is left.
  // meanwhile() may throw.
  template <class Body, class Meanwhile>
  void for_each_beside(std::int64_t n_items, const std::atomic<bool>* cancel, Body&& body,
                       Meanwhile&& meanwhile) {
    struct Rest {
      ThreadPool& pool;
      std::int64_t n_items;
      void* body;
      const std::atomic<bool>* cancel;
      bool is_shared;
      ~Rest() {
        if (is_shared)
          pool.finish(n_items);
        else
          pool.run_alone(n_items, &call<std::remove_reference_t<Body>>, body, cancel);
      }
    } rest{*this, n_items, address_of(body), cancel, false};
    rest.is_shared = begin(n_items, &call<std::remove_reference_t<Body>>, rest.body, cancel, {});
    meanwhile();
  }

 private:
  struct Threads;  // what a fork leaves behind: made anew in the child

  template <class Body>
  static void call(void* body, int worker, std::int64_t item) noexcept {
    (*static_cast<Body*>(body))(worker, item);
  }
  template <class Body>
  static void* address_of(Body& body) {
    return const_cast<void*>(static_cast<const void*>(&body));
  }

  bool begin(std::int64_t n_items, Job job, void* context, const std::atomic<bool>* cancel,
             const Upcoming& next) noexcept;
  void finish(std::int64_t n_items) noexcept;
  void fetch_for_next_job() const noexcept;
  void start_threads() noexcept;
  void prepare_thread(int worker) noexcept;
  void run_as(int worker) noexcept;
  bool is_other_process() noexcept;
  void abandon_after_fork() noexcept;
  void worker_loop(int worker, Threads& threads) noexcept;
  void run_items(int worker, std::uint32_t generation) noexcept;
  void run_lane(int lane, int worker, std::uint32_t generation) noexcept;
  std::uint32_t generation() const noexcept;
  void fetch_upcoming(int worker, std::uint32_t generation) const noexcept;
  void run_alone(std::int64_t n_items, Job job, void* context,
                 const std::atomic<bool>* cancel) noexcept;
  void wait_until_done(std::int64_t n_items) noexcept;

  const int n_threads_;
  const ExecutorHooks executor_;
  const CpuSet affinity_;
  std::atomic<bool> busy_{false};  // held by the caller whose job runs

  // The current job. A lane's ticket is (generation << 32 | next item); a claim is a
  // compare-and-swap on it, so a thread that slept through a job can never take an item of the next
  // one by mistake. The first lane's opens last: it tells that there is a job.
  struct alignas(64) Lane {
    std::atomic<std::uint64_t> ticket{0};
  };
  Lane lanes_[kMaxThreads];
  alignas(64) std::atomic<std::int64_t> n_done_{0};
  alignas(64) std::atomic<std::int64_t> n_items_{0};
  std::atomic<std::int64_t> n_lanes_{1};
  std::atomic<Job> job_{nullptr};
  std::atomic<void*> context_{nullptr};
  std::atomic<const std::atomic<bool>*> cancel_{nullptr};
  std::atomic<const std::byte*> next_data_{nullptr};
  std::atomic<std::int64_t> next_lane_bytes_{0};
  std::atomic<std::int64_t> next_n_lanes_{0};

  std::atomic<int> n_started_{0};
  std::atomic<int> n_pinned_{0};
  std::atomic<int> n_not_pinned_{0};
  std::atomic<CpuClock> clocks_[kMaxThreads]{};
  std::atomic<bool> is_at_work_[kMaxThreads]{};  // of an executor's jobs, by worker
  std::int64_t process_id_ = 0;
  int n_jobs_unseen_ = 0;  // since process_id_ was compared; of the caller whose job runs
  std::unique_ptr<Threads> threads_;
};

}  // namespace minnow
