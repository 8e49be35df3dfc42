// Families of models against the logits of an independent float32 implementation, in batches of
// several sizes: within a bound far above rounding and far below any real mistake, and the same
// bits for all of them.
#include <gtest/gtest.h>

#include "support/model_runs.hpp"
#include "support/npy.hpp"

namespace minnow {
namespace {

using namespace testing_support;

class Family : public ::testing::TestWithParam<const char*> {};

TEST_P(Family, MeetsTheReferenceLogitsInBatchesOfAnySize) {
  const std::string base = data_path(std::string("zoo/") + GetParam());
  const auto lists = read_token_lists(base + ".tokens.json");
  ASSERT_EQ(lists.size(), 3u) << base;
  NpyMatrix matrix;
  ASSERT_TRUE(is_ok(read_npy(base + ".logits.1.npy", matrix)));
  const std::vector<float> expected = matrix.as_floats();
  const double range = value_range(expected);
  ASSERT_GT(range, 1.0);
  std::vector<float> first;
  for (const int n_batch : {512, 64, 7, 1}) {
    const RunSetup setup{"auto", n_batch == 7 ? 2 : 1, n_batch, "f32", 8};
    const auto model = must_open(base + ".gguf", options_of(setup));
    ASSERT_NE(model, nullptr);
    std::vector<float> actual;
    ASSERT_TRUE(is_ok(all_logits(model, lists[1], setup, actual)));
    ASSERT_EQ(actual.size(), expected.size());
    EXPECT_LT(max_abs_difference(expected, actual), 1e-3 * range) << describe(setup);
    if (first.empty()) first = actual;
    EXPECT_EQ(actual, first) << describe(setup);
  }
}

TEST_P(Family, GivesTheSameBitsInTheScalarTable) {
  const std::string base = data_path(std::string("zoo/") + GetParam());
  const auto lists = read_token_lists(base + ".tokens.json");
  ASSERT_EQ(lists.size(), 3u) << base;
  std::vector<float> logits[2];
  const RunSetup setups[] = {{"auto", 2, 64, "f16", 8}, {"scalar", 1, 512, "f16", 8}};
  for (int i = 0; i < 2; ++i) {
    const auto model = must_open(base + ".gguf", options_of(setups[i]));
    ASSERT_NE(model, nullptr);
    ASSERT_TRUE(is_ok(all_logits(model, lists[0], setups[i], logits[i])));
  }
  EXPECT_FALSE(logits[0].empty());
  EXPECT_EQ(logits[0], logits[1]);
}

INSTANTIATE_TEST_SUITE_P(Zoo, Family,
                         ::testing::Values("falcon7b", "falcon_new", "gemma2", "gpt2", "mixtral",
                                           "phi3", "qwen3"),
                         [](const auto& test) { return test_name(test.param); });

}  // namespace
}  // namespace minnow
