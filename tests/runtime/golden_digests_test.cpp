// One answer: the bytes of all logits have one digest, kept in data/golden/digests.json, whatever
// table, number of threads or size of batches computes them. A table that this CPU cannot run is
// held to the same digests elsewhere. tests/README.md tells how the digests are made anew.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <tuple>

#include "support/model_runs.hpp"

namespace minnow {
namespace {

using namespace testing_support;

nlohmann::json golden_digests() {
  std::ifstream file(data_path("golden/digests.json"));
  return file ? nlohmann::json::parse(file) : nlohmann::json::object();
}

// Which threads and batches a table runs. The scalar one is slow and has nothing to prove here but
// that it still defines the same numbers; quantised models take the two combinations that differ
// most, since kernels are compared for all sizes of batches in tests/kernels.
std::vector<RunSetup> setups_of(const std::string& isa, bool is_quantised) {
  if (isa == "scalar") return {{isa, 1, 512, "", 16}};
  if (is_quantised) return {{isa, 2, 512, "", 16}, {isa, 1, 7, "", 1}};
  std::vector<RunSetup> setups;
  for (const int n_threads : {1, 2, 3})
    for (const int n_batch : {1, 7, 64, 512})
      setups.push_back({isa, n_threads, n_batch, "", n_batch == 64 ? 5 : 1});
  return setups;
}

class Digests : public ::testing::TestWithParam<std::tuple<std::string, GoldenModel>> {};

TEST_P(Digests, AreTheGoldenOnesForAnyThreadsAndBatches) {
  const auto& [isa, golden] = GetParam();
  if (const std::string why = why_not_run(isa); !why.empty()) GTEST_SKIP() << "not run: " << why;
  const nlohmann::json digests = golden_digests();
  ASSERT_TRUE(digests.contains(golden.name)) << "data/golden/digests.json has no " << golden.name;
  const auto lists = read_token_lists(golden.tokens_path);
  ASSERT_EQ(lists.size(), 3u) << golden.tokens_path;
  for (RunSetup setup : setups_of(isa, golden.is_quantised)) {
    const auto model = must_open(golden.path, options_of(setup));
    ASSERT_NE(model, nullptr);
    for (const char* kv_type : {"f16", "f32"}) {
      setup.kv_type = kv_type;
      std::string digest;
      ASSERT_TRUE(is_ok(logits_digest(model, lists, setup, digest)));
      EXPECT_EQ(digest, digests[golden.name][kv_type].get<std::string>()) << describe(setup);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Golden, Digests,
                         ::testing::Combine(::testing::ValuesIn(table_names()),
                                            ::testing::ValuesIn(golden_models())),
                         [](const auto& test) {
                           return test_name(std::get<0>(test.param) + "_" +
                                            std::get<1>(test.param).name);
                         });

}  // namespace
}  // namespace minnow
