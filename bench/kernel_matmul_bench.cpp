// Speed of packed weights and integer products, one table and one thread at a time.
//
// Names: table/format/rows x k/tokens/hot or cold. Hot: the same matrix again and again, as far as
// it fits the caches; cold: copies of it in turn, 256 MiB together. Counters: weight bytes a second
// and their percentage of the table's own read_bytes, multiply-adds a second and their percentage
// of its integer_peak. Time is CPU time, since others may use the machine too.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "kernel_benching.hpp"
#include "kernels/api/kernel_table.hpp"
#include "kernels/formats/tile_layout.hpp"

namespace minnow {
namespace {

struct Shape {
  std::int64_t rows;
  std::int64_t k;
};

// The matrices of Qwen2.5 0.5B, Gemma 3 270M and Qwen2.5 1.5B, and two output heads.
constexpr Shape kShapes[] = {{896, 4864},  {4864, 896},  {640, 2048},   {2048, 640},
                             {1536, 8960}, {8960, 1536}, {151936, 896}, {151936, 1536}};

// n packed groups: random codes, and scales that keep every sum finite.
void fill_groups(Format format, std::int64_t k, std::int64_t n, std::uint8_t* groups) {
  const FormatInfo& info = format_info(format);
  const std::int64_t n_bytes = n * kGroupRows * row_bytes(format, k);
  fill_randomly(groups, n_bytes);
  const int n_fields = tile_layout(format).n_fields;
  for (std::int64_t tile = 0; tile < n_bytes; tile += info.block_bytes * kGroupRows) {
    for (int i = 0; i < kGroupRows * n_fields; ++i)
      std::memcpy(groups + tile + 2 * i, &kHalfScale, 2);
  }
}

// A matrix or copies of it, activations, results and scratch.
struct Work {
  Work(const KernelTable& table, Format format, Shape shape, std::int64_t n_tokens, bool cold)
      : matrix_bytes(shape.rows * row_bytes(format, shape.k)),
        n_copies(cold ? std::max<std::int64_t>(1, kColdBytes / matrix_bytes) : 1),
        weights(matrix_bytes * n_copies),
        x(table, shape.k, n_tokens, format_info(format).x_group),
        out(n_tokens * shape.rows),
        scratch(table.scratch_bytes) {
    fill_groups(format, shape.k, n_copies * shape.rows / kGroupRows, weights.data());
    args.k = shape.k;
    args.n_rows = shape.rows;
    args.n_tokens = n_tokens;
    args.x = x.rows();
    args.out = out.data();
    args.out_stride = shape.rows;
  }

  std::int64_t matrix_bytes;
  std::int64_t n_copies;
  Bytes weights;
  Activations x;
  Buffer<float> out;
  Bytes scratch;
  MatmulArgs args = {};
};

void matmul(benchmark::State& state, const KernelTable* table, Limits limits, Format format,
            Shape shape, std::int64_t n_tokens, bool cold) {
  Work work(*table, format, shape, n_tokens, cold);
  std::int64_t copy = 0;
  for (auto _ : state) {
    work.args.weights = work.weights.data() + copy * work.matrix_bytes;
    copy = (copy + 1) % work.n_copies;
    table->matmul(format, work.args, work.scratch.data());
    benchmark::ClobberMemory();
  }
  const auto weights = static_cast<double>(shape.rows * shape.k);
  count(state, limits, static_cast<double>(work.matrix_bytes),
        weights * static_cast<double>(n_tokens));
}

// Rows from a file's pages, into groups of their own.
void pack(benchmark::State& state, const KernelTable* table, Limits limits, Format format) {
  constexpr Shape kShape = {8960, 1536};
  const std::int64_t bytes = row_bytes(format, kShape.k);
  Bytes rows(kShape.rows * bytes);
  Bytes groups(kShape.rows * bytes);
  for (auto _ : state) {
    for (std::int64_t row = 0; row < kShape.rows; row += kGroupRows) {
      table->pack(format, rows.data() + row * bytes, bytes, kGroupRows, kShape.k,
                  groups.data() + row * bytes);
    }
    benchmark::ClobberMemory();
  }
  count(state, limits, static_cast<double>(kShape.rows * bytes), 0);
}

void quantize(benchmark::State& state, const KernelTable* table, Limits limits, int x_group) {
  constexpr std::int64_t kLength = 4864;
  std::vector<float> x(kLength, 0.5f);
  std::vector<std::int8_t> codes(kLength);
  std::vector<float> scales(kLength / 32);
  std::vector<std::int16_t> sums(kLength / 16);
  for (auto _ : state) {
    table->quantize(x.data(), kLength, x_group, codes.data(), scales.data(), sums.data());
    benchmark::ClobberMemory();
  }
  count(state, limits, kLength * sizeof(float), 0);
}

void register_format(const KernelTable* table, const Limits& limits, const FormatInfo& info) {
  const std::string name = std::string(table->name) + "/" + info.name;
  benchmark::RegisterBenchmark((name + "/pack").c_str(), pack, table, limits, info.format);
  for (const Shape& shape : kShapes) {
    if (shape.k % info.elements != 0) continue;
    for (std::int64_t n_tokens : {1, 2, 4, 8, 16, 64, 512}) {
      if (shape.rows > 100'000 && n_tokens > 1) continue;
      for (bool cold : {false, true}) {
        const std::string matrix = std::to_string(shape.rows) + "x" + std::to_string(shape.k);
        const std::string tokens = std::to_string(n_tokens) + (cold ? "/cold" : "/hot");
        benchmark::RegisterBenchmark((name + "/" + matrix + "/" + tokens).c_str(), matmul, table,
                                     limits, info.format, shape, n_tokens, cold);
      }
    }
  }
}

void register_table(const KernelTable* table) {
  const Limits limits = measure_limits(*table);
  for (int x_group : {32, 128}) {
    const std::string name = std::string(table->name) + "/quantize/" + std::to_string(x_group);
    benchmark::RegisterBenchmark(name.c_str(), quantize, table, limits, x_group);
  }
  for (const FormatInfo& info : kFormats) {
    if (info.packing == Packing::kTiles && info.x_group > 0) register_format(table, limits, info);
  }
}

}  // namespace
}  // namespace minnow

int main(int argc, char** argv) {
  return minnow::run_benchmarks(argc, argv, minnow::register_table);
}
