// Speed of the float kernels, one table at a time. Counters: MAC/s and the percentage of the
// table's own float_peak, or bytes/s beside its read_bytes.
#include <benchmark/benchmark.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kernel_benching.hpp"
#include "kernels/api/kernel_table.hpp"

namespace minnow {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Multiply-adds a second: the best of five, since others use the machine too.
double float_peak(const KernelTable& table) {
  double best = 0;
  for (int round = 0; round < 5; ++round) {
    const auto start = std::chrono::steady_clock::now();
    const std::int64_t done = table.float_peak(2'000'000);
    const double rate = static_cast<double>(done) / seconds_since(start);
    if (rate > best) best = rate;
  }
  return best;
}

void count(benchmark::State& state, double macs, double bytes, double peak) {
  const double n = static_cast<double>(state.iterations());
  state.counters["MAC/s"] = benchmark::Counter(macs * n, benchmark::Counter::kIsRate);
  state.counters["B/s"] = benchmark::Counter(bytes * n, benchmark::Counter::kIsRate);
  if (peak > 0) {
    state.counters["%peak"] =
        benchmark::Counter(100 * macs * n / peak, benchmark::Counter::kIsRate);
  }
}

constexpr std::uint16_t kHalfTenth = 0x2e66;  // 0.1 in float16

void attend(benchmark::State& state, const KernelTable* table, KvType type, double peak) {
  const std::int32_t n_queries = static_cast<std::int32_t>(state.range(0));
  const std::int32_t dim = static_cast<std::int32_t>(state.range(1));
  const std::int32_t heads = static_cast<std::int32_t>(state.range(2));  // queries of a token
  const std::size_t size = static_cast<std::size_t>(n_queries) * static_cast<std::size_t>(dim);
  // As many chunks as a context of 4,096 positions.
  constexpr std::size_t kChunks = 16;
  const std::size_t chunk = 256 * static_cast<std::size_t>(dim);
  Buffer<std::uint16_t> keys(kChunks * chunk, kHalfTenth), values(kChunks * chunk, kHalfTenth);
  Buffer<float> queries(size, 0.1f), out(size), max(size), sum(size);
  Buffer<std::byte> scratch(table->scratch_bytes);
  std::vector<const float*> rows;
  std::vector<std::int32_t> begin, end;
  for (std::int32_t q = 0; q < n_queries; ++q) {
    rows.push_back(queries.data() + q * dim);
    begin.push_back(0);
    end.push_back(256 - (n_queries - 1) / heads + q / heads);
  }
  AttendArgs args{};
  args.type = type;
  args.head_dim = args.value_dim = dim;
  args.n_queries = n_queries;
  args.queries = rows.data();
  args.begin = begin.data();
  args.end = end.data();
  args.scale = 0.1f;
  args.max = max.data();
  args.sum = sum.data();
  args.out = out.data();
  std::size_t which = 0;
  for (auto _ : state) {
    args.keys = keys.data() + which * chunk;
    args.values = values.data() + which * chunk;
    table->attend(args, scratch.data());
    benchmark::DoNotOptimize(args.out);
    which = (which + 1) % kChunks;
  }
  const double macs = 2.0 * n_queries * 256 * dim;
  const double bytes = type == KvType::kF16 ? 2 : 34.0 / 32;
  count(state, macs, 2 * bytes * static_cast<double>(chunk), peak);
}

void matmul(benchmark::State& state, const KernelTable* table, Format format, double peak) {
  const std::int64_t n_rows = state.range(0), k = state.range(1), n_tokens = state.range(2);
  const std::size_t bytes = static_cast<std::size_t>(n_rows * row_bytes(format, k));
  Buffer<std::byte> weights(bytes);
  Buffer<float> x(static_cast<std::size_t>(n_tokens * k), 0.1f);
  Buffer<float> out(static_cast<std::size_t>(n_tokens * n_rows));
  Buffer<std::byte> scratch(table->scratch_bytes);
  MatmulArgs args{};
  args.weights = weights.data();
  args.k = args.x_stride = k;
  args.n_rows = args.out_stride = n_rows;
  args.n_tokens = n_tokens;
  args.x_float = x.data();
  args.out = out.data();
  for (auto _ : state) {
    table->matmul(format, args, scratch.data());
    benchmark::DoNotOptimize(args.out);
  }
  count(state, static_cast<double>(n_rows * k * n_tokens), static_cast<double>(bytes), peak);
}

void rows(benchmark::State& state, const KernelTable* table, const std::string& what) {
  const std::int64_t n = state.range(0);
  Buffer<float> x(static_cast<std::size_t>(n), 0.3f), w(static_cast<std::size_t>(n), 0.7f);
  Buffer<float> y(static_cast<std::size_t>(n));
  Buffer<std::int8_t> codes(static_cast<std::size_t>(n));
  Buffer<std::int16_t> sums(static_cast<std::size_t>(n / 16 + 1));
  const int group = what == "quantize_32" ? 32 : 128;
  for (auto _ : state) {
    if (what == "quantize_32" || what == "quantize_128")
      table->quantize(x.data(), n, group, codes.data(), y.data(), sums.data());
    if (what == "rms_norm") table->rms_norm(x.data(), w.data(), n, 1e-6f, y.data());
    if (what == "layer_norm") table->layer_norm(x.data(), w.data(), w.data(), n, 1e-6f, y.data());
    if (what == "add") table->add(x.data(), w.data(), n, y.data());
    if (what == "silu") table->activate(Activation::kSilu, x.data(), w.data(), n, y.data());
    if (what == "gelu_tanh") {
      table->activate(Activation::kGeluTanh, x.data(), w.data(), n, y.data());
    }
    if (what == "gelu_erf") table->activate(Activation::kGeluErf, x.data(), w.data(), n, y.data());
    if (what == "softcap") table->softcap(x.data(), 30, n, y.data());
    if (what == "sum_exp") benchmark::DoNotOptimize(table->sum_exp(x.data(), n, 1.0f));
    if (what == "rope") table->rope(x.data(), w.data(), w.data(), 64, RopeStyle::kHalves);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * n);
}

void read(benchmark::State& state, const KernelTable* table) {
  const std::int64_t n_bytes = state.range(0);
  Buffer<std::byte> data(static_cast<std::size_t>(n_bytes));
  for (auto _ : state) benchmark::DoNotOptimize(table->read_bytes(data.data(), n_bytes));
  count(state, 0, static_cast<double>(n_bytes), 0);
}

void peak_of(benchmark::State& state, const KernelTable* table) {
  std::int64_t done = 0;
  for (auto _ : state) done += table->float_peak(1'000'000);
  state.counters["MAC/s"] =
      benchmark::Counter(static_cast<double>(done), benchmark::Counter::kIsRate);
}

void register_table(const KernelTable* table) {
  const std::string name = table->name;
  const double peak = float_peak(*table);
  benchmark::RegisterBenchmark((name + "/float_peak").c_str(), peak_of, table);
  benchmark::RegisterBenchmark((name + "/read").c_str(), read, table)
      ->Arg(256 << 20)
      ->Arg(256 << 10);
  for (const KvType type : {KvType::kF16, KvType::kQ8_0}) {
    const std::string label = name + (type == KvType::kF16 ? "/attend" : "/attend_q8_0");
    auto* attention = benchmark::RegisterBenchmark(label.c_str(), attend, table, type, peak);
    attention->ArgNames({"queries", "dim", "heads"});
    for (const int dim : {64, 128, 256}) {
      for (const int n : {1, 2, 3, 4, 6, 7, 8}) attention->Args({n, dim, n});
      attention->Args({48, dim, 4})->Args({84, dim, 7})->Args({96, dim, 4})->Args({96, dim, 96});
    }
  }
  for (const Format format : {Format::kF32, Format::kF16, Format::kBF16}) {
    const std::string label = name + "/matmul_" + format_info(format).name;
    auto* products = benchmark::RegisterBenchmark(label.c_str(), matmul, table, format, peak);
    products->ArgNames({"rows", "k", "tokens"});
    products->Args({65536, 896, 1})->Args({896, 896, 1});
    for (const int n : {2, 4, 8, 12, 48, 512}) products->Args({896, 896, n});
  }
  for (const char* what : {"rms_norm", "layer_norm", "add", "silu", "gelu_tanh", "gelu_erf",
                           "softcap", "sum_exp", "rope", "quantize_32", "quantize_128"}) {
    benchmark::RegisterBenchmark((name + "/" + what).c_str(), rows, table, what)->Arg(2048);
  }
}

}  // namespace
}  // namespace minnow

int main(int argc, char** argv) {
  return minnow::run_benchmarks(argc, argv, minnow::register_table);
}
