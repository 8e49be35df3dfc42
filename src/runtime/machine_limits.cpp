// Measures what the machine can do at most, so that speeds can be told in percent of it: reading
// memory, integer and float multiply-adds, on one thread and on all.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>

#include "base/arena.hpp"
#include "runtime/runtime.hpp"

namespace minnow {

namespace {

constexpr std::int64_t kReadBytes = std::int64_t{256} << 20;  // several times the largest cache
constexpr std::int64_t kPieceBytes = std::int64_t{1} << 20;
constexpr std::int64_t kIterations = 4'000'000;
constexpr int kPeakRounds = 5;
constexpr int kReadRounds = 9;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// The rates of some rounds, ascending.
template <int ROUNDS, class Work>
std::array<double, ROUNDS> rates_of(Work&& work) {
  std::array<double, ROUNDS> rates;
  for (double& rate : rates) {
    const auto start = std::chrono::steady_clock::now();
    const double amount = work();
    rate = amount / std::max(seconds_since(start), 1e-9);
  }
  std::sort(rates.begin(), rates.end());
  return rates;
}

// A core computes as fast as in its best round: noise only ever makes it slower.
template <class Work>
double best_rate(Work&& work) {
  return rates_of<kPeakRounds>(work).back();
}

// Memory is shared with whoever else reads, and its speed swings from one hundredth of a second to
// the next: decoding meets it as it is on average, and so must what it is compared with.
template <class Work>
double median_rate(Work&& work) {
  return rates_of<kReadRounds>(work)[kReadRounds / 2];
}

}  // namespace

Status measure_limits(Runtime& runtime, MachineLimits& out) {
  const KernelTable& table = runtime.table();
  ThreadPool& pool = runtime.pool();
  ArenaPlan plan;
  plan.reserve(static_cast<std::size_t>(kReadBytes));
  Arena arena;
  MINNOW_TRY(Arena::create(plan, runtime.memory(), ArenaSource::kMap, "the bandwidth test", arena));
  std::memset(arena.data(), 1, static_cast<std::size_t>(kReadBytes));  // pages must really exist

  std::atomic<std::uint64_t> sink{0};
  const auto read_piece = [&](int, std::int64_t i) {
    sink.fetch_add(table.read_bytes(arena.data() + i * kPieceBytes, kPieceBytes));
  };
  std::atomic<std::int64_t> n_macs{0};
  const auto integers = [&](int, std::int64_t) {
    n_macs.fetch_add(table.integer_peak(kIterations));
  };
  const auto floats = [&](int, std::int64_t) { n_macs.fetch_add(table.float_peak(kIterations)); };
  const auto compute_rate = [&](const auto& kernel, int n_items) {
    return best_rate([&] {
      n_macs.store(0);
      pool.for_each(n_items, nullptr, kernel);
      return static_cast<double>(n_macs.load());
    });
  };

  MachineLimits limits;
  limits.read_bytes_per_s_one = median_rate([&] {
    for (std::int64_t i = 0; i < kReadBytes / kPieceBytes; ++i) read_piece(0, i);
    return static_cast<double>(kReadBytes);
  });
  limits.read_bytes_per_s = median_rate([&] {
    pool.for_each(kReadBytes / kPieceBytes, nullptr, read_piece);
    return static_cast<double>(kReadBytes);
  });
  limits.integer_mac_per_s_one = compute_rate(integers, 1);
  limits.integer_mac_per_s = compute_rate(integers, pool.n_threads());
  limits.float_mac_per_s_one = compute_rate(floats, 1);
  limits.float_mac_per_s = compute_rate(floats, pool.n_threads());
  out = limits;
  return {};
}

}  // namespace minnow
