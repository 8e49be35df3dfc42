// Products over threads: splitting rows, joining products to one job and fusing the gate change no
// bit of what one call of the table gives.
#include <gtest/gtest.h>

#include <atomic>

#include "ops/matmul.hpp"
#include "support/kernel_cases.hpp"

namespace minnow {
namespace {

using namespace testing_support;

// F32 weights [n_rows, k], packed by a table into aligned memory.
class Packed {
 public:
  Packed(const KernelTable& table, std::int64_t n_rows, std::int64_t k, unsigned seed) {
    const auto values = random_floats(static_cast<std::size_t>(n_rows * k), seed);
    memory_.resize(static_cast<std::size_t>(stored_bytes(Format::kF32, n_rows, k)) + 64);
    std::byte* data = memory_.data();
    data += (64 - reinterpret_cast<std::uintptr_t>(data) % 64) % 64;
    matrix_ = {Format::kF32, n_rows, k, data};
    for (std::int64_t row = 0; row < n_rows; row += kGroupRows) {
      const auto n = static_cast<int>(std::min<std::int64_t>(kGroupRows, n_rows - row));
      table.pack(Format::kF32, values.data() + row * k, k * 4, n, k, data + row * k * 4);
    }
  }
  const WeightMatrix& matrix() const { return matrix_; }

 private:
  std::vector<std::byte> memory_;
  WeightMatrix matrix_;
};

struct Input {
  Input(std::int64_t n_tokens, std::int64_t k)
      : values(random_floats(static_cast<std::size_t>(n_tokens * k), 5)) {
    rows.values = values.data();
    rows.stride = k;
    rows.k = k;
    rows.n_tokens = n_tokens;
  }
  Guarded<float> values;
  ActivationRows rows;
};

// One thread's scratch, and as much for each of three.
struct Scratch {
  explicit Scratch(const KernelTable& table)
      : stride((matmul_scratch_bytes(table, 64, 512) + 4095) / 4096 * 4096),
        memory(3 * stride + 64) {}
  std::byte* data() {
    return memory.data() + (64 - reinterpret_cast<std::uintptr_t>(memory.data()) % 64) % 64;
  }
  std::size_t stride;
  std::vector<std::byte> memory;
};

std::vector<float> whole_product(const KernelTable& table, const WeightMatrix& weights,
                                 const ActivationRows& x, Scratch& scratch) {
  std::vector<float> out(static_cast<std::size_t>(x.n_tokens * weights.n_rows));
  multiply_rows(table, weights, 0, weights.n_rows, x, out.data(), weights.n_rows, scratch.data());
  return out;
}

TEST(Multiply, SplitsRowsOverThreadsToTheSameBits) {
  for (const KernelTable* table : all_tables()) {
    Scratch scratch(*table);
    for (const std::int64_t n_tokens : {1, 3, 40}) {
      const Input x(n_tokens, 72);
      const Packed a(*table, 200, 72, 1), b(*table, 17, 72, 2), c(*table, 32, 72, 3);
      const auto bias = random_floats(17, 4);
      for (const int n_threads : {1, 2, 3}) {
        ThreadPool pool(n_threads);
        const OpContext context{table, &pool, nullptr, scratch.data(), scratch.stride};
        std::vector<float> out_a(static_cast<std::size_t>(n_tokens * 200));
        std::vector<float> out_b(static_cast<std::size_t>(n_tokens * 17));
        std::vector<float> out_c(static_cast<std::size_t>(n_tokens * 32));
        const Product products[] = {{a.matrix(), {}, out_a.data(), 200},
                                    {b.matrix(), {bias.data(), 17}, out_b.data(), 17},
                                    {c.matrix(), {}, out_c.data(), 32}};
        multiply(context, products, x.rows);
        EXPECT_TRUE(same_bits(out_a, whole_product(*table, a.matrix(), x.rows, scratch)));
        EXPECT_TRUE(same_bits(out_c, whole_product(*table, c.matrix(), x.rows, scratch)));
        std::vector<float> with_bias = whole_product(*table, b.matrix(), x.rows, scratch);
        for (std::size_t i = 0; i < with_bias.size(); ++i) with_bias[i] += bias[i % 17];
        EXPECT_TRUE(same_bits(out_b, with_bias)) << table->name << ", " << n_threads << " threads";
      }
    }
  }
}

TEST(Multiply, FusesTheGateToTheSameBits) {
  constexpr std::int64_t kRows = 150, kK = 40, kTokens = 9;
  for (const KernelTable* table : all_tables()) {
    Scratch scratch(*table);
    const Input x(kTokens, kK);
    const Packed gate(*table, kRows, kK, 1), up(*table, kRows, kK, 2);
    std::vector<float> expected = whole_product(*table, gate.matrix(), x.rows, scratch);
    const std::vector<float> factor = whole_product(*table, up.matrix(), x.rows, scratch);
    table->activate(Activation::kSilu, expected.data(), factor.data(), kTokens * kRows,
                    expected.data());
    for (const int n_threads : {1, 3}) {
      ThreadPool pool(n_threads);
      const OpContext context{table, &pool, nullptr, scratch.data(), scratch.stride};
      std::vector<float> out(static_cast<std::size_t>(kTokens * kRows));
      GatedProduct product{};
      product.gate = gate.matrix();
      product.up = up.matrix();
      product.out = out.data();
      product.out_stride = kRows;
      multiply_gated(context, product, x.rows);
      EXPECT_TRUE(same_bits(out, expected)) << table->name << ", " << n_threads << " threads";
    }
  }
}

TEST(Multiply, DoesNothingOnceItIsCancelled) {
  const KernelTable& table = kScalarTable;
  Scratch scratch(table);
  const Input x(4, 32);
  const Packed a(table, 200, 32, 1);
  ThreadPool pool(2);
  const std::atomic<bool> cancel{true};
  const OpContext context{&table, &pool, &cancel, scratch.data(), scratch.stride};
  std::vector<float> out(4 * 200, 7.0f);
  const Product products[] = {{a.matrix(), {}, out.data(), 200}};
  multiply(context, products, x.rows);
  EXPECT_EQ(out, std::vector<float>(4 * 200, 7.0f));
}

}  // namespace
}  // namespace minnow
