// Logits against those that an independent float32 implementation computed, at every table. Tiny
// models in F32 are held to a bound far above rounding and far below any real mistake; quantised
// ones to the yardstick of the field (tests/data/README.md).
#include <gtest/gtest.h>

#include <tuple>

#include "support/model_runs.hpp"
#include "support/npy.hpp"

namespace minnow {
namespace {

using namespace testing_support;

std::vector<float> reference(const std::string& base, std::size_t list) {
  NpyMatrix matrix;
  const std::string path = base + ".logits." + std::to_string(list) + ".npy";
  EXPECT_TRUE(is_ok(read_npy(path, matrix)));
  return matrix.as_floats();
}

#define SKIP_UNLESS_RUN(isa) \
  if (const std::string why = why_not_run(isa); !why.empty()) GTEST_SKIP() << "not run: " << why

class TinyModel : public ::testing::TestWithParam<std::tuple<std::string, const char*>> {};

TEST_P(TinyModel, MeetsTheReferenceLogits) {
  const auto& [isa, name] = GetParam();
  SKIP_UNLESS_RUN(isa);
  const std::string base = data_path(std::string("tiny/") + name);
  const auto lists = read_token_lists(base + ".tokens.json");
  ASSERT_EQ(lists.size(), 3u) << base << ".tokens.json";
  const RunSetup setup{isa, 2, 64, "f32", 8};
  const auto model = must_open(base + ".gguf", options_of(setup));
  ASSERT_NE(model, nullptr);
  for (std::size_t i = 0; i < lists.size(); ++i) {
    const std::vector<float> expected = reference(base, i);
    std::vector<float> actual;
    ASSERT_TRUE(is_ok(all_logits(model, lists[i], setup, actual)));
    const double difference = max_abs_difference(expected, actual);
    const double range = value_range(expected);
    ASSERT_GT(range, 1.0);
    EXPECT_LT(difference, 1e-3 * range) << "list " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Reference, TinyModel,
    ::testing::Combine(::testing::ValuesIn(table_names()),
                       ::testing::Values("llama", "llama3", "mistral", "qwen2", "gemma3")),
    [](const auto& test) {
      return test_name(std::get<0>(test.param) + "_" + std::get<1>(test.param));
    });

// The mean KL divergence that llama.cpp 0.5.0 has on the same file (F32 keys and values).
struct Yardstick {
  const char* type;
  double mean_kl;
};
constexpr Yardstick kYardsticks[] = {
    {"F16", 2.3e-6},    {"BF16", 1.5e-4}, {"Q4_0", 1.7e-3},  {"Q4_1", 1.9e-3},    {"Q5_0", 1.9e-3},
    {"Q5_1", 1.9e-3},   {"Q8_0", 1.9e-3}, {"Q4_K", 3.7e-3},  {"Q5_K", 4.1e-3},    {"Q6_K", 4.0e-3},
    {"IQ4_NL", 1.9e-3}, {"Q2_K", 3.9e-3}, {"TQ2_0", 3.1e-3}, {"IQ2_XXS", 4.1e-3},
};

class QuantisedModel : public ::testing::TestWithParam<std::tuple<std::string, Yardstick>> {};

TEST_P(QuantisedModel, IsAsCloseToTheReferenceAsTheFieldsBest) {
  const auto& [isa, yardstick] = GetParam();
  SKIP_UNLESS_RUN(isa);
  const std::string base = data_path(std::string("quant/qllama-") + yardstick.type);
  const auto lists = read_token_lists(data_path("quant/qllama.tokens.json"));
  ASSERT_EQ(lists.size(), 3u);
  const RunSetup setup{isa, 2, 64, "f32", 8};
  const auto model = must_open(base + ".gguf", options_of(setup));
  ASSERT_NE(model, nullptr);
  const std::vector<float> expected = reference(base, 1);
  std::vector<float> actual;
  ASSERT_TRUE(is_ok(all_logits(model, lists[1], setup, actual)));
  ASSERT_EQ(actual.size(), expected.size());
  const double kl = mean_kl(expected, actual, static_cast<std::size_t>(model->config().n_vocab));
  RecordProperty("mean_kl", std::to_string(kl));
  EXPECT_LT(kl, 1.5 * yardstick.mean_kl);
}

INSTANTIATE_TEST_SUITE_P(Reference, QuantisedModel,
                         ::testing::Combine(::testing::ValuesIn(table_names()),
                                            ::testing::ValuesIn(kYardsticks)),
                         [](const auto& test) {
                           return test_name(std::get<0>(test.param) + "_" +
                                            std::get<1>(test.param).type);
                         });

}  // namespace
}  // namespace minnow
