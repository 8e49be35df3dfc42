// What the kernel benchmarks share: memory, operands, what a table reaches at most, the counters
// against it, and the program around them. Time is CPU time of one thread, since others may use the
// machine too.
#pragma once

#include <benchmark/benchmark.h>

#include <ctime>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <random>
#include <vector>

#include "base/arena.hpp"
#include "base/cpu_features.hpp"
#include "kernels/api/kernel_table.hpp"
#include "kernels/api/resolver.hpp"

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

// n elements in pages as the runtime's arenas have them, huge where the system can; all written
// once.
template <class T>
class Buffer {
 public:
  template <std::integral N>
  explicit Buffer(N n, T value = T{}) {
    ArenaPlan plan;
    const std::size_t offset = plan.reserve_array<T>(static_cast<std::size_t>(n));
    const Status status = Arena::create(plan, memory_, ArenaSource::kMap, "a benchmark", arena_);
    if (!status.ok()) throw std::bad_alloc();
    data_ = arena_.array<T>(offset);
    std::fill_n(data_, n, value);
  }
  T* data() { return data_; }

 private:
  HostMemory memory_;
  Arena arena_;
  T* data_;
};
using Bytes = Buffer<std::uint8_t>;

inline constexpr std::uint16_t kHalfScale = 0x2000;  // 2^-7 in float16: keeps every sum finite

inline void fill_randomly(std::uint8_t* bytes, std::int64_t n) {
  std::mt19937_64 engine(1);
  for (std::int64_t i = 0; i + 8 <= n; i += 8) {
    const std::uint64_t bits = engine();
    std::memcpy(bytes + i, &bits, 8);
  }
}

// Quantised rows of normally distributed activations.
class Activations {
 public:
  Activations(const KernelTable& table, std::int64_t k, std::int64_t n_tokens, int x_group)
      : codes_(n_tokens * k), scales_(n_tokens * (k / x_group)), sums_(n_tokens * (k / 16)) {
    rows_ = {codes_.data(), scales_.data(), sums_.data(), k, k / x_group, k / 16};
    std::mt19937 engine(2);
    std::normal_distribution<float> normal;
    std::vector<float> x(static_cast<std::size_t>(k));
    for (std::int64_t t = 0; t < n_tokens; ++t) {
      for (float& value : x) value = normal(engine);
      table.quantize(x.data(), k, x_group, codes_.data() + t * rows_.codes_stride,
                     scales_.data() + t * rows_.scales_stride,
                     sums_.data() + t * rows_.sums_stride);
    }
  }
  const QuantRows& rows() const { return rows_; }

 private:
  Buffer<std::int8_t> codes_;
  Buffer<float> scales_;
  Buffer<std::int16_t> sums_;
  QuantRows rows_;
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

// The program: the benchmarks that `register_table` adds for every table that this CPU can run.
inline int run_benchmarks(int argc, char** argv, void (*register_table)(const KernelTable*)) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  const std::uint64_t mask = detect_cpu_features().mask;
  const KernelTables tables = kernel_tables();
  for (int i = 0; i < tables.n_tables; ++i)
    if (can_run(*tables.tables[i], mask)) register_table(tables.tables[i]);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

}  // namespace minnow
