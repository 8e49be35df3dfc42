#include "base/thread_pool.hpp"

#include <algorithm>
#include <new>
#include <system_error>

#include "base/fp_environment.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <sched.h>
#include <unistd.h>
#endif

namespace minnow {

namespace {

// How long a thread looks for work before it sleeps. The gaps between the jobs of a token are a few
// microseconds; a spin of about 30 covers them. Then it yields, which keeps it on its core beside
// whoever else wants that, but a few times only: each time may cost it some milliseconds there,
// where a thread that sleeps is mostly let on at once when there is work.
constexpr int kSpins = 2000;
constexpr int kYields = 4;
// How long a caller looks whether the others are done before it yields: some 0.5 ms, less than the
// 4 ms for which a thread that holds the last item may be put aside. Beside two busy processes on
// two cores, 40 yields and no long spin were a tenth slower in prefill; beside one or four, equal.
constexpr int kCallerSpins = 16 * kSpins;
// What an idle thread fetches ahead of a lane: a part of its second-level cache.
constexpr std::int64_t kFetchBytes = 128 << 10;

void pause_briefly() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

void yield_core() noexcept {
#if defined(__unix__) || defined(__APPLE__)
  sched_yield();
#else
  std::this_thread::yield();
#endif
}

std::int64_t current_process() noexcept {
#if defined(__unix__) || defined(__APPLE__)
  return getpid();
#else
  return 0;
#endif
}

// The item of a ticket of which nothing can be claimed: above every number of items.
constexpr std::uint64_t kClosed = 0xffffffffu;

constexpr std::uint32_t generation_of(std::uint64_t ticket) {
  return static_cast<std::uint32_t>(ticket >> 32);
}
constexpr std::int64_t item_of(std::uint64_t ticket) {
  return static_cast<std::int64_t>(ticket & 0xffffffffu);
}

}  // namespace

struct ThreadPool::Threads {
  std::mutex mutex;
  std::condition_variable wake;
  std::atomic<int> n_asleep{0};
  std::atomic<bool> stop{false};
  std::thread threads[kMaxThreads];
};

ThreadPool::ThreadPool(int n_threads, ExecutorHooks executor, const CpuSet& affinity)
    : n_threads_(n_threads < 1             ? 1
                 : n_threads > kMaxThreads ? kMaxThreads
                                           : n_threads),
      executor_(executor),
      affinity_(affinity) {}

ThreadPool::~ThreadPool() {
  if (!threads_) return;
  if (process_id_ != current_process()) {
    abandon_after_fork();
    return;
  }
  {
    const std::lock_guard<std::mutex> lock(threads_->mutex);
    threads_->stop.store(true);
  }
  threads_->wake.notify_all();
  for (int i = 0; i < n_started_.load(); ++i) threads_->threads[i].join();
}

// Whether this process was forked from the one that made the threads. Looked at before anything is
// done with threads that sleep, and now and then: the system takes longer to tell than a claim.
bool ThreadPool::is_other_process() noexcept {
  constexpr int kJobsBetween = 64;
  if (threads_->n_asleep.load(std::memory_order_seq_cst) == 0 && ++n_jobs_unseen_ < kJobsBetween)
    return false;
  n_jobs_unseen_ = 0;
  return process_id_ != current_process();
}

// In a forked child the threads do not exist any more, and their mutex may be in any state: the old
// structure is left where it is, on purpose, and new threads are made.
void ThreadPool::abandon_after_fork() noexcept {
  [[maybe_unused]] Threads* const left_behind = threads_.release();
  n_started_.store(0);
  n_pinned_.store(0);
  n_not_pinned_.store(0);
  for (std::atomic<CpuClock>& clock : clocks_) clock.store(kNoClock);
}

void ThreadPool::start_threads() noexcept {
  process_id_ = current_process();
  threads_.reset(new (std::nothrow) Threads);
  if (!threads_) return;
  for (int i = 0; i + 1 < n_threads_; ++i) {
    try {  // std::thread reports a refused thread only so; fewer threads are fine
      threads_->threads[i] = std::thread([this, i, threads = threads_.get()] {
        const FloatEnvironment environment;
        prepare_thread(i + 1);
        worker_loop(i + 1, *threads);
      });
    } catch (...) {
      return;
    }
    n_started_.fetch_add(1);
  }
}

void ThreadPool::run(std::int64_t n_items, Job job, void* context, const std::atomic<bool>* cancel,
                     const Upcoming& next) noexcept {
  if (n_items > 1 && begin(n_items, job, context, cancel, next))
    finish(n_items);
  else
    run_alone(n_items, job, context, cancel);
}

// Offers the items to the threads. False: nobody else can take part, the caller has to do them all.
bool ThreadPool::begin(std::int64_t n_items, Job job, void* context,
                       const std::atomic<bool>* cancel, const Upcoming& next) noexcept {
  if (n_items < 1 || n_items > 0x7fffffff || n_threads_ == 1) return false;
  if (busy_.exchange(true, std::memory_order_acquire)) return false;
  // The finished job's lanes are closed first. Otherwise a thread that is about to leave that job
  // could see the new number of items, claim one beyond the old end and run it with what it still
  // knows of the old job. Who reads any of the new values (release, acquire) finds them closed.
  const std::uint64_t last = generation();
  for (std::int64_t i = 0; i < n_lanes_.load(std::memory_order_relaxed); ++i)
    lanes_[i].ticket.store(last << 32 | kClosed, std::memory_order_relaxed);
  const std::int64_t n_lanes = std::min<std::int64_t>(n_items, n_threads_);
  n_lanes_.store(n_lanes, std::memory_order_release);
  n_items_.store(n_items, std::memory_order_release);
  job_.store(job, std::memory_order_release);
  context_.store(context, std::memory_order_release);
  cancel_.store(cancel, std::memory_order_release);
  next_data_.store(next.data, std::memory_order_relaxed);
  next_lane_bytes_.store(next.lane_bytes, std::memory_order_relaxed);
  next_n_lanes_.store(next.n_lanes, std::memory_order_relaxed);
  n_done_.store(0, std::memory_order_relaxed);
  const std::uint64_t generation = (last + 1) << 32;
  for (std::int64_t i = n_lanes - 1; i > 0; --i) {
    const auto first = static_cast<std::uint64_t>(i * n_items / n_lanes);
    lanes_[i].ticket.store(generation | first, std::memory_order_release);
  }
  lanes_[0].ticket.store(generation, std::memory_order_seq_cst);
  if (executor_.run != nullptr) return true;
  if (threads_ && is_other_process()) abandon_after_fork();
  if (!threads_) start_threads();
  if (threads_ && threads_->n_asleep.load(std::memory_order_seq_cst) > 0) {
    { const std::lock_guard<std::mutex> lock(threads_->mutex); }
    threads_->wake.notify_all();
  }
  return true;
}

// Helps with what begin() has offered, and waits for the last of it.
void ThreadPool::finish(std::int64_t n_items) noexcept {
  if (executor_.run != nullptr) {
    executor_.run(
        executor_.user,
        [](void* pool, std::int32_t i) {
          const FloatEnvironment environment;
          static_cast<ThreadPool*>(pool)->run_as(i);
        },
        this, n_threads_);
    // Whatever an executor that dropped jobs, or has yet to run them, left over.
    for (int worker = 0; worker < n_threads_; ++worker) run_as(worker);
  } else {
    run_items(0, generation());
  }
  wait_until_done(n_items);
  fetch_for_next_job();
  busy_.store(false, std::memory_order_release);
}

// What begin() will write lies in other threads' caches: it is fetched while the caller is busy
// with something else.
void ThreadPool::fetch_for_next_job() const noexcept {
  constexpr std::int64_t kMostLanes = 8;
  const std::int64_t n_lanes = std::min(n_lanes_.load(std::memory_order_relaxed), kMostLanes);
  for (std::int64_t i = 1; i < n_lanes; ++i) __builtin_prefetch(&lanes_[i], 1);
  __builtin_prefetch(&n_items_, 1);
  __builtin_prefetch(&n_done_, 1);
}

// One of an executor's jobs, which may come late: then it helps with the job that is running, or
// finds nothing to do. No two of them have the same scratch memory at the same time.
void ThreadPool::run_as(int worker) noexcept {
  if (worker < 0 || worker >= n_threads_) return;
  if (is_at_work_[worker].exchange(true, std::memory_order_acquire)) return;
  run_items(worker, generation());
  is_at_work_[worker].store(false, std::memory_order_release);
}

void ThreadPool::prepare_thread(int worker) noexcept {
  clocks_[worker].store(own_cpu_clock());
  if (affinity_.empty()) return;
  (affinity_.pin_this_thread() ? n_pinned_ : n_not_pinned_).fetch_add(1);
}

ThreadPool::Affinity ThreadPool::try_affinity() noexcept {
  const bool makes_threads = executor_.run == nullptr && n_threads_ > 1;
  if (!affinity_.empty() && makes_threads && !busy_.exchange(true, std::memory_order_acquire)) {
    if (threads_ && process_id_ != current_process()) abandon_after_fork();
    if (!threads_) start_threads();
    busy_.store(false, std::memory_order_release);
    while (n_pinned_.load() + n_not_pinned_.load() < n_started_.load()) yield_core();
  }
  return {n_pinned_.load(), n_not_pinned_.load(), affinity_};
}

double ThreadPool::cpu_seconds() const noexcept {
  double sum = 0;
  for (int i = 0; i < n_threads_; ++i)
    sum += cpu_seconds_of(clocks_[i].load(std::memory_order_relaxed));
  return sum;
}

void ThreadPool::run_alone(std::int64_t n_items, Job job, void* context,
                           const std::atomic<bool>* cancel) noexcept {
  for (std::int64_t i = 0; i < n_items; ++i) {
    if (cancel != nullptr && cancel->load(std::memory_order_relaxed)) return;
    job(context, 0, i);
  }
}

// Of the newest job.
std::uint32_t ThreadPool::generation() const noexcept {
  return generation_of(lanes_[0].ticket.load(std::memory_order_seq_cst));
}

// This worker's lane, then the others'.
void ThreadPool::run_items(int worker, std::uint32_t generation) noexcept {
  // Of another job, maybe: then no lane has this generation any more.
  const std::int64_t n_lanes = n_lanes_.load(std::memory_order_acquire);
  for (std::int64_t i = 0; i < n_lanes; ++i)
    run_lane(static_cast<int>((worker + i) % n_lanes), worker, generation);
}

void ThreadPool::run_lane(int lane, int worker, std::uint32_t generation) noexcept {
  std::atomic<std::uint64_t>& next = lanes_[lane].ticket;
  std::uint64_t ticket = next.load(std::memory_order_acquire);
  std::int64_t n_done = 0;
  for (;;) {
    const std::int64_t n_lanes = n_lanes_.load(std::memory_order_acquire);
    const std::int64_t n_items = n_items_.load(std::memory_order_acquire);
    const Job job = job_.load(std::memory_order_acquire);
    void* const context = context_.load(std::memory_order_acquire);
    const std::atomic<bool>* const cancel = cancel_.load(std::memory_order_acquire);
    const std::int64_t end = (lane + 1) * n_items / n_lanes;
    if (generation_of(ticket) != generation || item_of(ticket) >= end) break;
    // Success proves that the job just read is this generation's: a later one closes the lane
    // before it writes anything.
    if (!next.compare_exchange_weak(ticket, ticket + 1, std::memory_order_acq_rel)) continue;
    if (cancel == nullptr || !cancel->load(std::memory_order_relaxed))
      job(context, worker, item_of(ticket));
    ++n_done;
    if (item_of(ticket) + 1 >= end) break;
    ticket = next.load(std::memory_order_acquire);
  }
  // Told once a lane: threads that count would wait for each other. Until then the job is not done.
  if (n_done > 0) n_done_.fetch_add(n_done, std::memory_order_release);
}

// What of the next job this thread and the caller are likely to begin with, as long as
// that job has not come. Fetching never faults, so a hint that is out of date does no harm.
void ThreadPool::fetch_upcoming(int worker, std::uint32_t generation) const noexcept {
  const std::byte* const data = next_data_.load(std::memory_order_relaxed);
  const std::int64_t lane_bytes = next_lane_bytes_.load(std::memory_order_relaxed);
  const std::int64_t n_lanes = next_n_lanes_.load(std::memory_order_relaxed);
  if (data == nullptr) return;
  for (const std::int64_t lane : {std::int64_t{worker}, std::int64_t{0}}) {
    if (lane >= n_lanes) continue;
    const std::byte* const start = data + lane * lane_bytes;
    const std::int64_t n_bytes = std::min(lane_bytes, kFetchBytes);
    for (std::int64_t i = 0; i < n_bytes; i += 64) {
      __builtin_prefetch(start + i, 0, 2);
      if (i % 1024 == 0 && this->generation() != generation) return;
    }
  }
}

void ThreadPool::wait_until_done(std::int64_t n_items) noexcept {
  for (int i = 0; n_done_.load(std::memory_order_acquire) != n_items; ++i) {
    if (i < kCallerSpins)
      pause_briefly();
    else
      yield_core();  // whoever holds the last item may be waiting for this core
  }
}

void ThreadPool::worker_loop(int worker, Threads& threads) noexcept {
  std::uint32_t seen = 0;
  for (;;) {
    std::uint32_t newest = generation();
    for (int i = 0; newest == seen && i < kSpins + kYields; ++i) {
      if (i < kSpins)
        pause_briefly();
      else
        yield_core();
      newest = generation();
    }
    if (newest == seen) {
      std::unique_lock<std::mutex> lock(threads.mutex);
      threads.n_asleep.fetch_add(1, std::memory_order_seq_cst);
      threads.wake.wait(lock, [&] { return threads.stop.load() || generation() != seen; });
      threads.n_asleep.fetch_sub(1, std::memory_order_seq_cst);
      newest = generation();
    }
    if (threads.stop.load(std::memory_order_relaxed)) return;
    seen = newest;
    __builtin_prefetch(&lanes_[worker], 1);
    run_items(worker, newest);
    fetch_upcoming(worker, newest);
  }
}

}  // namespace minnow
