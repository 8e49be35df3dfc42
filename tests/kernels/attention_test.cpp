// Attention over one chunk: the rule term by term, every table, every size of head, ranges that
// differ within a tile, slots that hold NaN; then the merging of chunks.
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/formats/kv_q8_0.hpp"
#include "kernels/generic/functions.hpp"
#include "kernels/generic/lanes16_scalar.hpp"
#include "support/kernel_cases.hpp"

namespace minnow {
namespace {

using namespace testing_support;

struct Test;
using Lanes = generic::Lanes16Scalar<Test>;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

struct Result {
  explicit Result(const AttendArgs& args)
      : max(static_cast<std::size_t>(args.n_queries)),
        sum(static_cast<std::size_t>(args.n_queries)),
        out(static_cast<std::size_t>(args.n_queries) * static_cast<std::size_t>(args.value_dim)) {}
  Guarded<float> max, sum, out;
};

::testing::AssertionResult same_result(const Result& a, const Result& b) {
  if (auto max = same_bits(a.max, b.max); !max) return max << " (max)";
  if (auto sum = same_bits(a.sum, b.sum); !sum) return sum << " (sum)";
  return same_bits(a.out, b.out);
}

// One chunk with random contents. What lies outside every query's range is NaN.
struct Chunk {
  Chunk(KvType type, int head_dim, int value_dim, int n_queries)
      : queries(random_floats(size(n_queries * head_dim), 51)),
        keys(random_floats(size(256 * head_dim), 52, 1.0f, true)),
        values(random_floats(size(256 * value_dim), 53, 1.0f, true)),
        biases(random_floats(size(n_queries * 256), 54)),
        begin(size(n_queries), 0),
        end(size(n_queries), 256) {
    args.type = type;
    args.head_dim = head_dim;
    args.value_dim = value_dim;
    args.n_queries = n_queries;
    args.scale = 1.0f / std::sqrt(static_cast<float>(head_dim));
    for (int q = 0; q < n_queries; ++q) {
      rows.push_back(queries.data() + q * head_dim);
      bias_rows.push_back(biases.data() + q * 256);
    }
    if (type == KvType::kF16) {
      for (Guarded<float>* floats : {&keys, &values}) {
        std::vector<std::uint16_t> halves(floats->size());
        kScalarTable.to_half(floats->data(), static_cast<std::int64_t>(halves.size()),
                             halves.data());
        kScalarTable.from_half(halves.data(), static_cast<std::int64_t>(halves.size()),
                               floats->data());
      }
    }
  }
  static std::size_t size(int n) { return static_cast<std::size_t>(n); }

  float key(int position, int d) const {
    return keys[size((position / 16 * args.head_dim + d) * 16 + position % 16)];
  }
  float value(int position, int e) const { return values[size(position * args.value_dim + e)]; }

  // Causal: the last of n_tokens tokens sees `length` positions, each one before it one less; the
  // queries of one token lie together.
  void see_causally(int length, int window, int heads) {
    for (int q = 0; q < args.n_queries; ++q) {
      const int last = (args.n_queries - 1) / heads;
      const int to = length - (last - q / heads);
      end[size(q)] = to < 0 ? 0 : to;
      begin[size(q)] = end[size(q)] < window ? 0 : end[size(q)] - window;
    }
    poison();
  }
  void poison() {
    for (int position = 0; position < 256; ++position) {
      bool seen = false;
      for (int q = 0; q < args.n_queries; ++q) {
        seen = seen || (position >= begin[size(q)] && position < end[size(q)]);
      }
      if (seen) continue;
      for (int d = 0; d < args.head_dim; ++d) {
        keys[size((position / 16 * args.head_dim + d) * 16 + position % 16)] = kNan;
      }
      for (int e = 0; e < args.value_dim; ++e) values[size(position * args.value_dim + e)] = kNan;
    }
  }

  Result run(const KernelTable& table, bool biased = false) const {
    Guarded<std::uint16_t> half_keys(keys.size()), half_values(values.size());
    AttendArgs call = args;
    call.keys = keys.data();
    call.values = values.data();
    if (args.type == KvType::kF16) {
      kScalarTable.to_half(keys.data(), static_cast<std::int64_t>(keys.size()), half_keys.data());
      kScalarTable.to_half(values.data(), static_cast<std::int64_t>(values.size()),
                           half_values.data());
      call.keys = half_keys.data();
      call.values = half_values.data();
    }
    call.queries = rows.data();
    call.begin = begin.data();
    call.end = end.data();
    call.bias = biased ? bias_rows.data() : nullptr;
    Result result(call);
    call.max = result.max.data();
    call.sum = result.sum.data();
    call.out = result.out.data();
    Guarded<std::byte> scratch(table.scratch_bytes);
    table.attend(call, scratch.data());
    return result;
  }

  AttendArgs args{};
  Guarded<float> queries, keys, values, biases;
  std::vector<const float*> rows, bias_rows;
  std::vector<std::int32_t> begin, end;
};

float one(Lanes (*function)(Lanes), float x) {
  return function(Lanes::set(x)).lane[0];
}

float score_by_the_rule(const Chunk& chunk, int q, int position, bool biased) {
  float dot = 0;
  for (int first = 0; first < chunk.args.head_dim; first += 128) {
    float p = 0;
    for (int d = first; d < chunk.args.head_dim && d < first + 128; ++d) {
      p = std::fma(chunk.key(position, d), chunk.rows[Chunk::size(q)][d], p);
    }
    dot = dot + p;
  }
  float score = dot * chunk.args.scale;
  const float cap = chunk.args.softcap;
  if (cap != 0) score = cap * one(generic::tanh<Lanes>, score / cap);
  return biased ? score + chunk.bias_rows[Chunk::size(q)][position] : score;
}

Result by_the_rule(const Chunk& chunk, bool biased = false) {
  Result result(chunk.args);
  const int value_dim = chunk.args.value_dim;
  for (int q = 0; q < chunk.args.n_queries; ++q) {
    const int begin = chunk.begin[Chunk::size(q)], end = chunk.end[Chunk::size(q)];
    float max = -kInfinity;
    std::vector<float> p(256);
    for (int i = begin; i < end; ++i) {
      p[Chunk::size(i)] = score_by_the_rule(chunk, q, i, biased);
      max = p[Chunk::size(i)] > max ? p[Chunk::size(i)] : max;
    }
    float lanes[16] = {};
    for (int i = begin; i < end; ++i) {
      float& weight = p[Chunk::size(i)];
      weight = one(generic::exp<Lanes>, weight - max);
      lanes[i % 16] = lanes[i % 16] + weight;
      for (int e = 0; e < value_dim; ++e) {
        float& out = result.out[Chunk::size(q * value_dim + e)];
        out = std::fma(weight, chunk.value(i, e), out);
      }
    }
    for (const int half : {8, 4, 2, 1}) {
      for (int i = 0; i < half; ++i) lanes[i] = lanes[i] + lanes[i + half];
    }
    result.max[Chunk::size(q)] = max;
    result.sum[Chunk::size(q)] = lanes[0];
  }
  return result;
}

TEST(Attend, FollowsTheRuleInEveryTable) {
  for (const KvType type : {KvType::kF32, KvType::kF16}) {
    for (const int dim : {1, 16, 20, 24, 32, 80, 129}) {
      for (const int visible : {1, 15, 16, 17, 100, 256}) {
        Chunk chunk(type, dim, dim, 3);
        chunk.see_causally(visible, 256, 2);
        const Result want = by_the_rule(chunk);
        for (const KernelTable* table : all_tables()) {
          SCOPED_TRACE(table->name);
          EXPECT_TRUE(same_result(chunk.run(*table), want)) << dim << ", " << visible << " visible";
        }
      }
    }
  }
}

TEST(Attend, FollowsTheRuleWithSoftcapAndBias) {
  Chunk chunk(KvType::kF16, 64, 64, 5);
  chunk.args.softcap = 20;
  chunk.see_causally(200, 150, 1);
  const Result want = by_the_rule(chunk, true);
  for (const KernelTable* table : all_tables()) {
    SCOPED_TRACE(table->name);
    EXPECT_TRUE(same_result(chunk.run(*table, true), want));
  }
}

TEST(Attend, IsTheSameInEveryTableForEveryNumberOfQueries) {
  for (const KvType type : {KvType::kF32, KvType::kF16}) {
    for (int n_queries = 1; n_queries <= 64; ++n_queries) {
      Chunk chunk(type, 40, 56, n_queries);
      chunk.see_causally(90, 256, 1 + n_queries % 5);
      const Result want = chunk.run(kScalarTable);
      for (const KernelTable* table : other_tables()) {
        SCOPED_TRACE(table->name);
        EXPECT_TRUE(same_result(chunk.run(*table), want)) << n_queries;
      }
    }
  }
}

TEST(Attend, IsTheSameInEveryTableForEverySizeOfHead) {
  for (const int head_dim : {64, 128, 192, 256, 300}) {
    for (const int value_dim : {8, 48, 64, 72, 128, 250, 256}) {
      for (const int n_queries : {1, 2, 4, 8, 12}) {
        Chunk chunk(KvType::kF16, head_dim, value_dim, n_queries);
        chunk.see_causally(131, 70, 1);
        const Result want = chunk.run(kScalarTable);
        for (const KernelTable* table : other_tables()) {
          SCOPED_TRACE(table->name);
          EXPECT_TRUE(same_result(chunk.run(*table), want)) << head_dim << ", " << value_dim;
        }
      }
    }
  }
}

// A chunk of random codes and scales, and the same numbers as floats.
struct Q8Chunk {
  explicit Q8Chunk(Chunk& floats)
      : keys(static_cast<std::size_t>(16 * kv_q8_key_group_bytes(floats.args.head_dim))),
        values(static_cast<std::size_t>(256 * kv_q8_value_row_bytes(floats.args.value_dim))) {
    std::mt19937 engine(56);
    for (int position = 0; position < 256; ++position) {
      for (int d = 0; d < floats.args.head_dim; ++d) {
        std::byte* block = keys.data() +
                           position / 16 * kv_q8_key_group_bytes(floats.args.head_dim) +
                           d / 32 * kv_q8_key_block_bytes();
        const float x = set(engine, block + position % 16 * 2, d % 32 == 0,
                            block + 32 + d % 32 * 16 + position % 16);
        floats.keys[Chunk::size((position / 16 * floats.args.head_dim + d) * 16 + position % 16)] =
            x;
      }
      std::byte* row = values.data() + position * kv_q8_value_row_bytes(floats.args.value_dim);
      for (int e = 0; e < floats.args.value_dim; ++e) {
        const float x = set(engine, row + e / 32 * 2, e % 32 == 0,
                            row + kv_q8_blocks(floats.args.value_dim) * 2 + e);
        floats.values[Chunk::size(position * floats.args.value_dim + e)] = x;
      }
    }
  }
  static float set(std::mt19937& engine, std::byte* scale, bool new_scale, std::byte* code) {
    std::uint16_t half = 0;
    if (new_scale) {
      const float wide = static_cast<float>(1 + engine() % 1000) * 1e-5f;
      kScalarTable.to_half(&wide, 1, &half);
      std::memcpy(scale, &half, 2);
    }
    std::memcpy(&half, scale, 2);
    float wide = 0;
    kScalarTable.from_half(&half, 1, &wide);
    const auto value = static_cast<std::int8_t>(static_cast<int>(engine() % 255) - 127);
    std::memcpy(code, &value, 1);
    return static_cast<float>(value) * wide;
  }
  Guarded<std::byte> keys, values;
};

TEST(Attend, ReadsQ8AsTheFloatsThatItStandsFor) {
  for (const int head_dim : {20, 32, 64, 160, 256, 300}) {
    for (const int value_dim : {7, 20, 64, 130, 288}) {
      for (const int n_queries : {1, 3, 7, 13, 50}) {
        Chunk chunk(KvType::kF32, head_dim, value_dim, n_queries);
        const Q8Chunk bytes(chunk);
        for (int q = 0; q < n_queries; ++q) {
          chunk.begin[Chunk::size(q)] = q % 9;
          chunk.end[Chunk::size(q)] = 200 + q;
        }
        const Result want = chunk.run(kScalarTable);
        for (const KernelTable* table : all_tables()) {
          SCOPED_TRACE(table->name);
          AttendArgs call = chunk.args;
          call.type = KvType::kQ8_0;
          call.keys = bytes.keys.data();
          call.values = bytes.values.data();
          call.queries = chunk.rows.data();
          call.begin = chunk.begin.data();
          call.end = chunk.end.data();
          Result result(call);
          call.max = result.max.data();
          call.sum = result.sum.data();
          call.out = result.out.data();
          Guarded<std::byte> scratch(table->scratch_bytes);
          table->attend(call, scratch.data());
          EXPECT_TRUE(same_result(result, want))
              << head_dim << ", " << value_dim << ", " << n_queries;
        }
      }
    }
  }
}

TEST(Attend, TakesAnyRangesInOneTile) {
  std::mt19937 engine(55);
  for (int round = 0; round < 60; ++round) {
    Chunk chunk(KvType::kF16, 32, 40, 13);
    for (std::size_t q = 0; q < 13; ++q) {
      chunk.begin[q] = static_cast<int>(engine() % 256);
      chunk.end[q] = chunk.begin[q] +
                     static_cast<int>(engine() % (257u - static_cast<unsigned>(chunk.begin[q])));
    }
    chunk.poison();
    const Result want = by_the_rule(chunk);
    for (const KernelTable* table : all_tables()) {
      SCOPED_TRACE(table->name);
      EXPECT_TRUE(same_result(chunk.run(*table), want)) << "round " << round;
    }
  }
}

TEST(Attend, AQuerysBitsDoNotDependOnItsCompany) {
  Chunk chunk(KvType::kF16, 64, 64, 20);
  chunk.see_causally(250, 256, 4);
  for (const KernelTable* table : all_tables()) {
    SCOPED_TRACE(table->name);
    const Result together = chunk.run(*table);
    for (std::size_t q = 0; q < 20; ++q) {
      Chunk alone = chunk;
      alone.args.n_queries = 1;
      alone.rows = {chunk.rows[q]};
      alone.begin = {chunk.begin[q]};
      alone.end = {chunk.end[q]};
      const Result result = alone.run(*table);
      EXPECT_TRUE(same_bits(result.max[0], together.max[q]));
      EXPECT_TRUE(same_bits(result.sum[0], together.sum[q]));
      EXPECT_TRUE(same_bits(result.out.span(), together.out.span().subspan(q * 64, 64)));
    }
  }
}

TEST(Attend, SeesNothingInAnEmptyRange) {
  Chunk chunk(KvType::kF32, 32, 32, 2);
  chunk.begin = {0, 256};
  chunk.end = {0, 256};
  chunk.poison();
  for (const KernelTable* table : all_tables()) {
    SCOPED_TRACE(table->name);
    const Result result = chunk.run(*table);
    for (std::size_t q = 0; q < 2; ++q) {
      EXPECT_EQ(result.max[q], -kInfinity);
      EXPECT_EQ(result.sum[q], 0);
    }
    for (const float value : result.out) EXPECT_EQ(bits_of(value), 0u);
  }
}

TEST(Attend, LosesNoNanThatIsVisible) {
  Chunk chunk(KvType::kF32, 16, 16, 2);
  chunk.keys[3] = kNan;  // position 3
  chunk.begin = {3, 0};
  chunk.end = {4, 256};
  for (const KernelTable* table : all_tables()) {
    SCOPED_TRACE(table->name);
    const Result result = chunk.run(*table);
    for (std::size_t q = 0; q < 2; ++q) {
      EXPECT_TRUE(std::isnan(result.max[q]));
      EXPECT_TRUE(std::isnan(result.sum[q]));
      EXPECT_TRUE(std::isnan(result.out[q * 16]));
    }
  }
}

TEST(Attend, IsAccurate) {
  Chunk chunk(KvType::kF32, 128, 64, 4);
  const Result result = chunk.run(kScalarTable);
  for (int q = 0; q < 4; ++q) {
    double total = 0;
    std::vector<double> out(64), magnitude(64);
    for (int i = 0; i < 256; ++i) {
      double score = 0;
      for (int d = 0; d < 128; ++d)
        score += static_cast<double>(chunk.key(i, d)) * chunk.rows[Chunk::size(q)][d];
      const double p = std::exp(score * chunk.args.scale - result.max[Chunk::size(q)]);
      total += p;
      for (int e = 0; e < 64; ++e) {
        out[Chunk::size(e)] += p * chunk.value(i, e);
        magnitude[Chunk::size(e)] += p * std::fabs(chunk.value(i, e));
      }
    }
    // Scores are off by some 128 / 2 units of their size, about 4; the sums by 256 at most.
    EXPECT_NEAR(result.sum[Chunk::size(q)], total, total * 300 * 0x1p-24);
    for (int e = 0; e < 64; ++e) {
      EXPECT_NEAR(result.out[Chunk::size(q * 64 + e)], out[Chunk::size(e)],
                  magnitude[Chunk::size(e)] * 512 * 0x1p-24);
    }
  }
}

// -- merging --------------------------------------------------------------------------------------

struct Partial {
  Partial(float max_in, float sum_in, std::size_t value_dim, unsigned seed)
      : max(max_in), sum(sum_in), out(random_floats(value_dim, seed)) {}
  float max, sum;
  Guarded<float> out;
};

TEST(Merge, FollowsTheRuleInEveryTable) {
  for (const std::int64_t n : kLengths) {
    for (const float max2 : {-3.0f, 0.5f, 2.0f, 60.0f, kNan}) {
      const std::size_t size = static_cast<std::size_t>(n);
      const Partial first(0.5f, 3.0f, size, 61), second(max2, 7.0f, size, 62);
      const float max = first.max > second.max ? first.max : second.max;
      const float e1 = one(generic::exp<Lanes>, first.max - max);
      const float e2 = one(generic::exp<Lanes>, second.max - max);
      Guarded<float> want(size);
      for (std::size_t i = 0; i < size; ++i) {
        want[i] = std::fma(first.out[i], e1, second.out[i] * e2);
      }
      for (const KernelTable* table : all_tables()) {
        SCOPED_TRACE(table->name);
        Partial joined = first;
        table->merge(&joined.max, &joined.sum, joined.out.data(), &second.max, &second.sum,
                     second.out.data(), static_cast<std::int32_t>(n));
        EXPECT_TRUE(same_bits(joined.max, max));
        EXPECT_TRUE(same_bits(joined.sum, std::fma(first.sum, e1, second.sum * e2)));
        EXPECT_TRUE(same_bits(joined.out, want)) << n;
      }
    }
  }
}

TEST(Merge, LeavesOutWhatSeesNothing) {
  for (const KernelTable* table : all_tables()) {
    SCOPED_TRACE(table->name);
    const Partial full(1.0f, 2.0f, 20, 63), empty(-kInfinity, 0.0f, 20, 64);
    Partial joined = full;
    table->merge(&joined.max, &joined.sum, joined.out.data(), &empty.max, &empty.sum,
                 empty.out.data(), 20);
    EXPECT_TRUE(same_bits(joined.out, full.out));
    EXPECT_EQ(joined.sum, 2);
    joined = empty;
    table->merge(&joined.max, &joined.sum, joined.out.data(), &full.max, &full.sum, full.out.data(),
                 20);
    EXPECT_TRUE(same_bits(joined.out, full.out));
    EXPECT_EQ(joined.max, 1);
    EXPECT_EQ(joined.sum, 2);
  }
}

TEST(Finish, DividesAndGivesZeroForNothing) {
  for (const std::int64_t n : kLengths) {
    const Guarded<float> out = random_floats(static_cast<std::size_t>(n), 65);
    for (const KernelTable* table : all_tables()) {
      SCOPED_TRACE(table->name);
      Guarded<float> y(out.size());
      table->finish(out.data(), 3.0f, static_cast<std::int32_t>(n), y.data());
      for (std::size_t i = 0; i < y.size(); ++i) EXPECT_EQ(y[i], out[i] / 3.0f);
      table->finish(out.data(), 0.0f, static_cast<std::int32_t>(n), y.data());
      for (const float value : y) EXPECT_EQ(bits_of(value), 0u);
    }
  }
}

}  // namespace
}  // namespace minnow
