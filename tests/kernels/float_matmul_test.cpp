// Products with F32, F16 and BF16 weights: the rule term by term, every table, every tile's edge,
// and bits that do not depend on how tokens and rows are grouped.
#include <cmath>

#include "support/kernel_cases.hpp"

namespace minnow {
namespace {

using namespace testing_support;

constexpr Format kFloatFormats[] = {Format::kF32, Format::kF16, Format::kBF16};

struct Case {
  Case(Format format_in, std::int64_t k_in, std::int64_t n_rows_in, std::int64_t n_tokens_in)
      : format(format_in),
        k(k_in),
        n_rows(n_rows_in),
        n_tokens(n_tokens_in),
        weights(static_cast<std::size_t>((n_rows + 15) / 16 * 16 * row_bytes(format, k))),
        values(static_cast<std::size_t>((n_rows + 15) / 16 * 16 * k)),
        x(random_floats(static_cast<std::size_t>(n_tokens * k), 42, 1.0f, true)) {
    const Guarded<float> numbers = random_floats(values.size(), 41, 0.3f, true);
    for (std::size_t i = 0; i < values.size(); ++i) {
      // Rows beyond the matrix are zero.
      const std::int64_t row =
          static_cast<std::int64_t>(i) / (16 * k) * 16 + static_cast<std::int64_t>(i) % 16;
      store(i, row < n_rows ? numbers[i] : 0.0f);
    }
  }

  // Weight i of the packed matrix, and what it reads as.
  void store(std::size_t i, float value) {
    if (format == Format::kF32) {
      std::memcpy(weights.data() + 4 * i, &value, 4);
      values[i] = value;
      return;
    }
    std::uint16_t bits = static_cast<std::uint16_t>(bits_of(value) >> 16);
    if (format == Format::kF16) kScalarTable.to_half(&value, 1, &bits);
    std::memcpy(weights.data() + 2 * i, &bits, 2);
    if (format == Format::kF16) {
      kScalarTable.from_half(&bits, 1, &values[i]);
    } else {
      const std::uint32_t wide = static_cast<std::uint32_t>(bits) << 16;
      std::memcpy(&values[i], &wide, 4);
    }
  }
  float weight(std::int64_t row, std::int64_t i) const {
    return values[static_cast<std::size_t>(row / 16 * 16 * k + i * 16 + row % 16)];
  }

  float by_the_rule(std::int64_t token, std::int64_t row) const {
    float acc = 0;
    for (std::int64_t begin = 0; begin < k; begin += 128) {
      float p = 0;
      for (std::int64_t i = begin; i < k && i < begin + 128; ++i) {
        p = std::fma(weight(row, i), x[static_cast<std::size_t>(token * k + i)], p);
      }
      acc = acc + p;
    }
    return acc;
  }

  // Some of the tokens and of the rows, from a group's start.
  Guarded<float> run(const KernelTable& table, std::int64_t first_token, std::int64_t tokens,
                     std::int64_t first_row, std::int64_t rows) const {
    Guarded<float> out(static_cast<std::size_t>(tokens * rows));
    Guarded<std::byte> scratch(table.scratch_bytes);
    MatmulArgs args{};
    args.weights = weights.data() + first_row * row_bytes(format, k);
    args.k = k;
    args.n_rows = rows;
    args.n_tokens = tokens;
    args.x_float = x.data() + first_token * k;
    args.x_stride = k;
    args.out = out.data();
    args.out_stride = rows;
    table.matmul(format, args, scratch.data());
    return out;
  }
  Guarded<float> run(const KernelTable& table) const { return run(table, 0, n_tokens, 0, n_rows); }

  Format format;
  std::int64_t k, n_rows, n_tokens;
  Guarded<std::byte> weights;
  Guarded<float> values, x;
};

TEST(FloatMatmul, FollowsTheRule) {
  for (const Format format : kFloatFormats) {
    for (const std::int64_t k : {1, 20, 127, 128, 129, 300}) {
      const Case c(format, k, 37, 3);
      Guarded<float> want(37 * 3);
      for (std::int64_t t = 0; t < 3; ++t) {
        for (std::int64_t r = 0; r < 37; ++r) {
          want[static_cast<std::size_t>(t * 37 + r)] = c.by_the_rule(t, r);
        }
      }
      for (const KernelTable* table : all_tables()) {
        SCOPED_TRACE(table->name);
        EXPECT_TRUE(same_bits(c.run(*table), want)) << k;
      }
    }
  }
}

TEST(FloatMatmul, IsTheSameInEveryTableForEveryNumberOfTokens) {
  for (const Format format : kFloatFormats) {
    for (std::int64_t n_tokens = 1; n_tokens <= 40; ++n_tokens) {
      const Case c(format, 130, 48, n_tokens);
      const Guarded<float> want = c.run(kScalarTable);
      for (const KernelTable* table : other_tables()) {
        SCOPED_TRACE(table->name);
        EXPECT_TRUE(same_bits(c.run(*table), want)) << n_tokens;
      }
    }
  }
}

TEST(FloatMatmul, IsTheSameInEveryTableForEveryNumberOfRows) {
  for (const Format format : kFloatFormats) {
    for (const std::int64_t n_rows : {1, 7, 15, 16, 17, 31, 33, 64, 100, 128, 129, 160, 300}) {
      for (const std::int64_t n_tokens : {1, 2, 4, 6, 8, 13}) {
        const Case c(format, 140, n_rows, n_tokens);
        const Guarded<float> want = c.run(kScalarTable);
        for (const KernelTable* table : other_tables()) {
          SCOPED_TRACE(table->name);
          EXPECT_TRUE(same_bits(c.run(*table), want)) << n_rows << " x " << n_tokens;
        }
      }
    }
  }
}

TEST(FloatMatmul, ATokensBitsDoNotDependOnItsCompany) {
  const Case c(Format::kF16, 260, 96, 17);
  for (const KernelTable* table : all_tables()) {
    SCOPED_TRACE(table->name);
    const Guarded<float> together = c.run(*table);
    for (std::int64_t t = 0; t < 17; ++t) {
      const Guarded<float> alone = c.run(*table, t, 1, 0, 96);
      EXPECT_TRUE(
          same_bits(alone.span(), together.span().subspan(static_cast<std::size_t>(t) * 96, 96)));
    }
    const Guarded<float> some_rows = c.run(*table, 3, 5, 32, 48);
    for (std::size_t t = 0; t < 5; ++t) {
      EXPECT_TRUE(same_bits(some_rows.span().subspan(t * 48, 48),
                            together.span().subspan((t + 3) * 96 + 32, 48)));
    }
  }
}

TEST(FloatMatmul, IsAccurate) {
  const Case c(Format::kF32, 2048, 32, 2);
  const Guarded<float> out = c.run(kScalarTable);
  for (std::int64_t t = 0; t < 2; ++t) {
    for (std::int64_t r = 0; r < 32; ++r) {
      double exact = 0, magnitude = 0;
      for (std::int64_t i = 0; i < 2048; ++i) {
        const double term =
            static_cast<double>(c.weight(r, i)) * c.x[static_cast<std::size_t>(t * 2048 + i)];
        exact += term;
        magnitude += std::fabs(term);
      }
      // At most 128 roundings in a block and 16 between blocks.
      EXPECT_NEAR(out[static_cast<std::size_t>(t * 32 + r)], exact, magnitude * 144 * 0x1p-24);
    }
  }
}

}  // namespace
}  // namespace minnow
