// What the kernel benchmarks share: memory, what a table reaches at most, and the counters against
// it. Time is CPU time of one thread, since others may use the machine too.
#pragma once

#include <benchmark/benchmark.h>

#include <ctime>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <new>

#include "base/arena.hpp"
#include "kernels/api/kernel_table.hpp"

namespace minnow {

inline constexpr std::int64_t kColdBytes = std::int64_t{256} << 20;  // more than caches hold

struct Limits {
  double bytes_per_second;
  double macs_per_second;
};

inline double cpu_seconds() {
  timespec time = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// Bytes in pages as the runtime's arenas have them: zeroed, huge where the system can.
class Bytes {
 public:
  explicit Bytes(std::int64_t n) {
    ArenaPlan plan;
    plan.reserve(static_cast<std::size_t>(n));
    const Status status = Arena::create(plan, memory_, ArenaSource::kMap, "a benchmark", arena_);
    if (!status.ok()) throw std::bad_alloc();
    std::memset(arena_.data(), 0, arena_.n_bytes());  // each page is there
  }
  std::uint8_t* data() {
    void* const bytes = arena_.data();
    return static_cast<std::uint8_t*>(bytes);
  }

 private:
  HostMemory memory_;
  Arena arena_;
};

// The best of some rounds.
inline Limits measure_limits(const KernelTable& table) {
  constexpr std::int64_t kPeakIterations = 100'000;
  Limits limits = {};
  Bytes bytes(kColdBytes);
  for (int round = 0; round < 10; ++round) {
    double start = cpu_seconds();
    benchmark::DoNotOptimize(table.read_bytes(bytes.data(), kColdBytes));
    limits.bytes_per_second = std::max(limits.bytes_per_second,
                                       static_cast<double>(kColdBytes) / (cpu_seconds() - start));
    start = cpu_seconds();
    const auto macs = static_cast<double>(table.integer_peak(kPeakIterations));
    limits.macs_per_second = std::max(limits.macs_per_second, macs / (cpu_seconds() - start));
  }
  return limits;
}

// bytes and macs: of an iteration.
inline void count(benchmark::State& state, const Limits& limits, double bytes, double macs) {
  const double n = static_cast<double>(state.iterations());
  const auto rate = benchmark::Counter::kIsRate;
  state.counters["B/s"] = benchmark::Counter(bytes * n, rate);
  state.counters["%read"] = benchmark::Counter(100 * bytes * n / limits.bytes_per_second, rate);
  if (macs == 0) return;
  state.counters["MAC/s"] = benchmark::Counter(macs * n, rate);
  state.counters["%peak"] = benchmark::Counter(100 * macs * n / limits.macs_per_second, rate);
}

}  // namespace minnow
