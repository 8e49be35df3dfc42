// How keys and values are stored: Q8_0 takes half of float16's memory, gives one answer like the
// other types, and stays close to float32's.
#include <gtest/gtest.h>

#include <algorithm>

#include "ops/kv_layer.hpp"
#include "support/npy.hpp"
#include "support/tiny_sessions.hpp"

namespace minnow {
namespace {

using namespace testing_support;

std::vector<Token> some_tokens(const char* name) {
  std::vector<Token> tokens = tiny_tokens(name, 2);
  if (tokens.size() > 60) tokens.resize(60);
  return tokens;
}

TEST(KvTypes, Q8HasTheSameBitsForEveryTableThreadsAndBatch) {
  for (const char* name : {"gemma3", "qwen2"}) {
    const std::vector<Token> tokens = some_tokens(name);
    std::vector<float> want;
    RunSetup setup;
    setup.isa = "scalar";
    setup.kv_type = "q8_0";
    const auto reference = must_open(tiny_path(name), options_of(setup));
    ASSERT_NE(reference, nullptr);
    ASSERT_TRUE(is_ok(all_logits(reference, tokens, setup, want)));
    for (const std::string& isa : table_names()) {
      if (!why_not_run(isa).empty()) continue;
      for (const int n_batch : {1, 7, 512}) {
        setup.isa = isa;
        setup.n_batch = n_batch;
        setup.n_threads = n_batch % 3;
        const auto model = must_open(tiny_path(name), options_of(setup));
        ASSERT_NE(model, nullptr);
        std::vector<float> got;
        ASSERT_TRUE(is_ok(all_logits(model, tokens, setup, got)));
        EXPECT_TRUE(got == want) << name << ", " << describe(setup);
      }
    }
  }
}

TEST(KvTypes, Q8StaysCloseToFloat) {
  for (const char* name : {"gemma3", "qwen2"}) {
    const std::vector<Token> tokens = some_tokens(name);
    RunSetup setup;
    const auto model = must_open(tiny_path(name), options_of(setup));
    ASSERT_NE(model, nullptr);
    std::vector<float> logits[3];
    const char* const types[] = {"f32", "f16", "q8_0"};
    for (int i = 0; i < 3; ++i) {
      setup.kv_type = types[i];
      ASSERT_TRUE(is_ok(all_logits(model, tokens, setup, logits[i])));
    }
    EXPECT_NE(logits[0], logits[2]);
    const std::size_t n_vocab = logits[0].size() / tokens.size();
    const double half = mean_kl(logits[0], logits[1], n_vocab);
    const double q8 = mean_kl(logits[0], logits[2], n_vocab);
    // A code is off by up to 1 in 254 of its block's largest, a float16 by up to 1 in 2048 of
    // itself, and most numbers are a third of their block's largest or less: some 25 to 32 times,
    // squared in the divergence; and what both lose to the codes of other products.
    EXPECT_LT(q8, 1024 * half + 1e-4) << name;
    EXPECT_LT(q8, 0.01) << name;
  }
}

TEST(KvTypes, Q8TakesLittleMoreThanHalfOfFloat16) {
  for (const std::int32_t dim : {64, 80, 128, 256}) {
    KvLayer half, q8;
    half.head_dim = q8.head_dim = half.value_dim = q8.value_dim = dim;
    half.type = KvType::kF16;
    q8.type = KvType::kQ8_0;
    const double keys =
        static_cast<double>(q8.keys_chunk_bytes()) / static_cast<double>(half.keys_chunk_bytes());
    const double values = static_cast<double>(q8.values_chunk_bytes()) /
                          static_cast<double>(half.values_chunk_bytes());
    EXPECT_GT(keys, 0.53);
    EXPECT_LT(keys, 0.54);
    EXPECT_GT(values, 0.53);
    EXPECT_LT(values, 0.54);
  }
}

TEST(KvTypes, Q8ClearsOnlyWhatLiesBehindAPosition) {
  KvLayer layer;
  layer.type = KvType::kQ8_0;
  layer.head_dim = 40;
  layer.value_dim = 33;
  std::vector<std::byte> keys(static_cast<std::size_t>(layer.keys_chunk_bytes()), std::byte{1});
  std::vector<std::byte> values(static_cast<std::size_t>(layer.values_chunk_bytes()), std::byte{1});
  layer.clear_from(100, keys.data(), values.data());
  const auto zeros = [](const std::vector<std::byte>& bytes) {
    return std::count(bytes.begin(), bytes.end(), std::byte{0});
  };
  // 40 codes and two scales of two bytes a key; a value's row is 33 codes, two scales and a byte.
  EXPECT_EQ(zeros(keys), 156 * (40 + 2 * 2));
  EXPECT_EQ(zeros(values), 156 * (33 + 2 * 2 + 1));
}

}  // namespace
}  // namespace minnow
