// Speed of the kernels for split output heads, one table and one thread at a time.
//
// Names: table/format/rows x k/case. Cases: `bounds` of all rows; `products` of all rows; `chosen`:
// products of one row in so many,
// as after bounds, other rows each time. Always cold, two heads in turn.
// Counters are those of kernel_matmul_bench; `chosen` also tells rows a second.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "kernel_benching.hpp"
#include "kernels/api/kernel_table.hpp"
#include "kernels/formats/split_layout.hpp"

namespace minnow {
namespace {

constexpr std::int64_t kBatch = 64;  // rows of a call, as src/ops/screen.cpp has them

struct Head {
  Format format;
  std::int64_t n_rows;
  std::int64_t k;
};

// The heads of Gemma 3 270M and Qwen2.5 0.5B.
constexpr Head kHeads[] = {{Format::kQ8_0, 262144, 640}, {Format::kQ8_0, 151936, 896}};
constexpr int kShares[] = {100, 40, 12};  // one row of so many is chosen

// Two heads of random codes and norms, and a token.
struct Work {
  Work(const KernelTable& table, const Head& head)
      : layout(split_layout(head.format, head.n_rows, head.k)),
        bytes(2 * layout.n_bytes),
        x(table, head.k, 1, 32),
        offsets(head.k / 32, 0.0f),
        norms(head.k / 32, 1.0f),
        out(head.n_rows) {
    fill_randomly(bytes.data(), 2 * layout.n_bytes);
    for (int which = 0; which < 2; ++which) {
      std::uint8_t* const data = bytes.data() + which * layout.n_bytes;
      for (std::int64_t i = layout.scales; i + 2 <= layout.norms; i += 2)
        std::memcpy(data + i, &kHalfScale, 2);
      matrices[which] = {head.format, head.n_rows, head.k, data};
    }
  }

  SplitLayout layout;
  Bytes bytes;
  SplitMatrix matrices[2];
  Activations x;
  Buffer<float> offsets;
  Buffer<float> norms;
  Buffer<float> out;
};

void bounds(benchmark::State& state, const KernelTable* table, Limits limits, Head head) {
  Work work(*table, head);
  const BoundArgs args = {work.x.rows(), work.offsets.data(), work.norms.data()};
  int which = 0;
  for (auto _ : state) {
    for (std::int64_t row = 0; row < head.n_rows; row += 128)
      table->split_bounds(work.matrices[which], row, 128, args, work.out.data() + row);
    which = 1 - which;
    benchmark::ClobberMemory();
  }
  count(state, limits, static_cast<double>(work.layout.lower), 0);
}

void products(benchmark::State& state, const KernelTable* table, Limits limits, Head head) {
  Work work(*table, head);
  int which = 0;
  for (auto _ : state) {
    table->split_products(work.matrices[which], nullptr, 0, head.n_rows, work.x.rows(),
                          work.out.data());
    which = 1 - which;
    benchmark::ClobberMemory();
  }
  const double norms = static_cast<double>(work.layout.lower - work.layout.norms);
  count(state, limits, static_cast<double>(work.layout.n_bytes) - norms, 0);
}

void chosen(benchmark::State& state, const KernelTable* table, Limits limits, Head head,
            int share) {
  Work work(*table, head);
  std::vector<std::vector<std::int32_t>> sets(static_cast<std::size_t>(share));
  std::mt19937 engine(3);
  for (std::int32_t row = 0; row < head.n_rows; ++row) sets[engine() % sets.size()].push_back(row);
  std::size_t which = 0;
  std::int64_t n_rows = 0;
  for (auto _ : state) {
    const std::vector<std::int32_t>& rows = sets[which % sets.size()];
    const auto n = static_cast<std::int64_t>(rows.size());
    for (std::int64_t i = 0; i < n; i += kBatch) {
      table->split_products(work.matrices[which % 2], rows.data() + i, 0, std::min(kBatch, n - i),
                            work.x.rows(), work.out.data());
    }
    ++which;
    n_rows += n;
    benchmark::ClobberMemory();
  }
  const double rows = static_cast<double>(n_rows) / static_cast<double>(state.iterations());
  count(state, limits, rows * static_cast<double>(row_bytes(head.format, head.k)), 0);
  state.counters["rows/s"] =
      benchmark::Counter(static_cast<double>(n_rows), benchmark::Counter::kIsRate);
}

void register_table(const KernelTable* table) {
  const Limits limits = measure_limits(*table);
  for (const Head& head : kHeads) {
    const std::string name = std::string(table->name) + "/" + format_info(head.format).name + "/" +
                             std::to_string(head.n_rows) + "x" + std::to_string(head.k);
    benchmark::RegisterBenchmark((name + "/bounds").c_str(), bounds, table, limits, head);
    benchmark::RegisterBenchmark((name + "/products").c_str(), products, table, limits, head);
    for (const int share : kShares) {
      benchmark::RegisterBenchmark((name + "/chosen/1_of_" + std::to_string(share)).c_str(), chosen,
                                   table, limits, head, share);
    }
  }
}

}  // namespace
}  // namespace minnow

int main(int argc, char** argv) {
  return minnow::run_benchmarks(argc, argv, minnow::register_table);
}
