#include "base/governor.hpp"

#include <algorithm>
#include <cmath>
#include <thread>

#include "base/cpu_clock.hpp"

namespace minnow {

namespace {

// Work until a rest is due: long enough to be worth waking up for, short enough for heat.
constexpr std::chrono::milliseconds kStretch(10);
// A rest looks this often whether it has to end.
constexpr std::chrono::milliseconds kNap(5);

std::int64_t nanoseconds(std::chrono::steady_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

}  // namespace

void Governor::set_deadline(double seconds) noexcept {
  constexpr double kForever = 1e9;  // thirty years
  if (!(seconds > 0) || seconds > kForever) {
    deadline_.store(kNone);
    return;
  }
  deadline_.store(nanoseconds(Clock::now()) + static_cast<std::int64_t>(seconds * 1e9));
}

void Governor::begin_call() noexcept {
  timed_out_.store(false, std::memory_order_relaxed);
  cpu_at_start_ = thread_cpu_seconds() + pool_.cpu_seconds();
  if (duty_percent_ == 100) return;
  mark_ = Clock::now();
  // Time between calls was a rest too.
  busy_ -= std::min(busy_, (mark_ - ended_) * duty_percent_ / (100 - duty_percent_));
}

void Governor::end_call(std::size_t n_together) noexcept {
  cpu_seconds_ += std::max(0.0, thread_cpu_seconds() + pool_.cpu_seconds() - cpu_at_start_) /
                  static_cast<double>(n_together);
  if (duty_percent_ == 100) return;
  ended_ = Clock::now();
  busy_ += ended_ - mark_;
}

void Governor::check() noexcept {
  const Clock::time_point now = Clock::now();
  const std::int64_t deadline = deadline_.load(std::memory_order_relaxed);
  if (deadline != kNone && nanoseconds(now) >= deadline) {
    timed_out_.store(true, std::memory_order_relaxed);
    stop_.store(true);
    return;
  }
  if (duty_percent_ == 100) return;
  const Clock::duration busy = busy_ + (now - mark_);
  if (busy < kStretch) return;
  rest(busy * (100 - duty_percent_) / duty_percent_);
  busy_ = {};
  mark_ = Clock::now();
}

void Governor::rest(Clock::duration length) noexcept {
  const Clock::time_point end = Clock::now() + length;
  for (Clock::time_point now = Clock::now(); now < end && !stop_.load(); now = Clock::now()) {
    const std::int64_t deadline = deadline_.load(std::memory_order_relaxed);
    if (deadline != kNone && nanoseconds(now) >= deadline) return;
    std::this_thread::sleep_for(std::min<Clock::duration>(kNap, end - now));
  }
}

}  // namespace minnow
