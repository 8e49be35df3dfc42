// CPU time of threads.
#pragma once

#include <ctime>

#if defined(__linux__)
#include <pthread.h>
#endif

namespace minnow {

inline double in_seconds(const std::timespec& time) noexcept {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// Of the calling thread, in seconds since it started; 0 where the system does not tell.
inline double thread_cpu_seconds() noexcept {
#if defined(CLOCK_THREAD_CPUTIME_ID)
  std::timespec time{};
  if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) != 0) return 0;
  return in_seconds(time);
#else
  return 0;
#endif
}

// A thread's clock, for others to read; kNoClock when there is none.
using CpuClock = long long;
inline constexpr CpuClock kNoClock = 0;

inline CpuClock own_cpu_clock() noexcept {
#if defined(__linux__)
  clockid_t clock{};
  if (pthread_getcpuclockid(pthread_self(), &clock) != 0) return kNoClock;
  return static_cast<CpuClock>(clock);
#else
  return kNoClock;
#endif
}

inline double cpu_seconds_of(CpuClock clock) noexcept {
#if defined(__linux__)
  std::timespec time{};
  if (clock == kNoClock || clock_gettime(static_cast<clockid_t>(clock), &time) != 0) return 0;
  return in_seconds(time);
#else
  static_cast<void>(clock);
  return 0;
#endif
}

}  // namespace minnow
