// Governor: what the host asked of a session's time: stop now, stop at a deadline, leave the cores
// alone for a share of the time. And what the session's calls cost in CPU time.
//
// The thread that computes passes by before every job; any thread may cancel or set a deadline.
// Resting changes when work is done, never what it gives.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "base/thread_pool.hpp"

namespace minnow {

class Governor {
 public:
  // duty_percent: the share of the time in which cores may be busy, 1...100.
  Governor(std::atomic<bool>& stop, const ThreadPool& pool, int duty_percent)
      : stop_(stop), pool_(pool), duty_percent_(duty_percent) {}
  Governor(const Governor&) = delete;
  Governor& operator=(const Governor&) = delete;

  // Seconds from now; infinity or a not positive number: none. Any thread, at any time.
  void set_deadline(double seconds) noexcept;
  // Whether the running call was stopped by the deadline.
  bool has_timed_out() const noexcept { return timed_out_.load(std::memory_order_relaxed); }

  // Around each call of the host. A call inside n_together sessions costs each of them its part.
  void begin_call() noexcept;
  void end_call(std::size_t n_together = 1) noexcept;
  // Before each job: looks at the deadline and rests if enough was done.
  void before_job() noexcept {
    if (deadline_.load(std::memory_order_relaxed) != kNone || duty_percent_ < 100) check();
  }

  // CPU time of all calls: the callers' and, while they ran, that of the pool's threads.
  double cpu_seconds() const noexcept { return cpu_seconds_; }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::int64_t kNone = 0;

  void check() noexcept;
  void rest(Clock::duration length) noexcept;

  std::atomic<bool>& stop_;
  const ThreadPool& pool_;
  const int duty_percent_;
  std::atomic<std::int64_t> deadline_{kNone};  // of the steady clock, in nanoseconds
  std::atomic<bool> timed_out_{false};
  Clock::duration busy_{};   // worked since the last rest, before mark_
  Clock::time_point mark_;   // where the present stretch of work began
  Clock::time_point ended_;  // when the last call ended
  double cpu_at_start_ = 0;
  double cpu_seconds_ = 0;
};

}  // namespace minnow
