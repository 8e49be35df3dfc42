// Each filter alone against the double-precision oracle: same tokens, same probabilities. Sizes lie
// around the block of 256 and around the point where selection switches to histograms.
#include <gtest/gtest.h>

#include <functional>

#include "sampling_oracle.hpp"

namespace minnow {
namespace {

using testing_sampling::kTolerance;
using testing_sampling::neutral;
using testing_sampling::random_logits;
using testing_sampling::StageRun;

constexpr size_t kSizes[] = {1, 2, 3, 40, 255, 256, 257, 1023, 1500, 5000};

// Runs the stage on dense candidates and on records, for several sizes and spreads.
void expect_like_oracle(const SamplingParams& params, StageId stage,
                        const std::function<void(oracle::Choices&)>& expected) {
  for (const size_t n : kSizes) {
    for (const float spread : {0.01f, 1.0f, 4.0f, 30.0f}) {
      const auto logits = random_logits(n, spread, static_cast<unsigned>(n));
      oracle::Choices choices = oracle::from_logits(logits);
      expected(choices);
      const auto wanted = oracle::distribution(choices);
      for (const bool records : {false, true}) {
        StageRun run(params, logits);
        ASSERT_TRUE(run.started);
        if (records) run.candidates.sort();
        run.apply(stage);
        const auto got = run.distribution();
        EXPECT_LE(testing_sampling::distance(got, wanted), kTolerance)
            << n << " logits, spread " << spread << (records ? ", records" : ", dense") << ", "
            << got.size() << " kept, " << wanted.size() << " expected";
      }
    }
  }
}

TEST(TopK, KeepsTheBest) {
  for (const int k : {-1, 0, 1, 2, 7, 40, 300, 100000}) {
    SamplingParams params = neutral();
    params.top_k = k;
    expect_like_oracle(params, StageId::kTopK, [k](auto& c) { oracle::top_k(c, k); });
  }
}

TEST(TopP, KeepsTheShortestPrefixWithTheMass) {
  for (const float p : {0.0f, 0.1f, 0.5f, 0.9f, 0.999f, 1.0f}) {
    SamplingParams params = neutral();
    params.top_p = p;
    expect_like_oracle(params, StageId::kTopP, [p](auto& c) { oracle::top_p(c, p); });
    params.min_keep = 5;
    expect_like_oracle(params, StageId::kTopP, [p](auto& c) { oracle::top_p(c, p, 5); });
  }
}

TEST(MinP, KeepsWhatIsLikelyEnough) {
  for (const float p : {0.0f, 1e-6f, 0.05f, 0.5f, 1.0f}) {
    SamplingParams params = neutral();
    params.min_p = p;
    expect_like_oracle(params, StageId::kMinP, [p](auto& c) { oracle::min_p(c, p); });
    params.min_keep = 3;
    expect_like_oracle(params, StageId::kMinP, [p](auto& c) { oracle::min_p(c, p, 3); });
  }
}

TEST(Typical, KeepsTheMostTypical) {
  for (const float p : {0.2f, 0.5f, 0.9f, 1.0f}) {
    SamplingParams params = neutral();
    params.typical_p = p;
    expect_like_oracle(params, StageId::kTypical, [p](auto& c) { oracle::typical(c, p); });
  }
}

TEST(TopNSigma, KeepsWhatIsNearTheBest) {
  for (const float n : {-1.0f, 0.5f, 1.0f, 2.5f}) {
    SamplingParams params = neutral();
    params.top_n_sigma = n;
    expect_like_oracle(params, StageId::kTopNSigma, [n](auto& c) {
      if (n > 0 && c.size() > 1) oracle::top_n_sigma(c, n);
    });
  }
}

TEST(Xtc, DropsAllTopChoicesButTheLast) {
  for (const float threshold : {0.001f, 0.1f, 0.3f, 0.51f}) {
    SamplingParams params = neutral();
    params.xtc_probability = 1.0f;
    params.xtc_threshold = threshold;
    expect_like_oracle(params, StageId::kXtc, [threshold](auto& c) {
      if (threshold <= 0.5f) oracle::xtc(c, threshold);
    });
  }
}

TEST(Xtc, HappensWithItsProbability) {
  const std::vector<float> logits = {2.0f, 2.0f, 0.0f};
  SamplingParams params = neutral();
  params.xtc_probability = 0.3f;
  StageRun run(params, logits);
  int n = 0;
  for (std::uint64_t position = 0; position < 10000; ++position) {
    ASSERT_TRUE(run.candidates.begin(logits, {}, position).ok());
    run.state.position = position;
    run.apply(StageId::kXtc);
    run.candidates.collect();
    n += run.candidates.records().size() == 2;
  }
  EXPECT_NEAR(n, 3000, 4 * 46);  // four standard deviations
}

TEST(Xtc, RespectsMinKeep) {
  const std::vector<float> logits = {2.0f, 2.0f, 0.0f};
  SamplingParams params = neutral();
  params.xtc_probability = 1.0f;
  params.min_keep = 3;
  StageRun run(params, logits);
  run.apply(StageId::kXtc);
  EXPECT_EQ(run.distribution().size(), 3u);
}

TEST(Temperature, ScalesLogits) {
  for (const float t : {0.1f, 0.8f, 1.0f, 3.0f}) {
    SamplingParams params = neutral();
    params.temperature = t;
    expect_like_oracle(params, StageId::kTemperature, [t](auto& c) {
      // The stage divides floats.
      for (auto& x : c) x.logit = static_cast<float>(x.logit) / t;
    });
  }
}

TEST(Temperature, FollowsTheEntropyWithARange) {
  for (const float range : {0.3f, 1.0f}) {
    SamplingParams params = neutral();
    params.dynatemp_range = range;
    params.dynatemp_exponent = 1.5f;
    const std::vector<float> logits = {1.0f, 0.5f, -0.25f, -1.0f, -4.0f};
    oracle::Choices choices = oracle::from_logits(logits);
    oracle::dynamic_temperature(choices, 1.0, range, 1.5);
    StageRun run(params, logits);
    run.apply(StageId::kTemperature);
    EXPECT_LE(testing_sampling::distance(run.distribution(), oracle::distribution(choices)),
              kTolerance);
  }
}

TEST(Temperature, DynamicAtItsEndsIsSharpOrFlat) {
  SamplingParams params = neutral();
  params.temperature = 1.0f;
  params.dynatemp_range = 1.0f;
  StageRun certain(params, std::vector<float>{0.0f, -1000.0f});
  certain.apply(StageId::kTemperature);
  EXPECT_EQ(certain.distribution(), (oracle::Distribution{{0, 1.0}}));
  StageRun alike(params, std::vector<float>{3.0f, 3.0f});
  alike.apply(StageId::kTemperature);
  EXPECT_EQ(alike.distribution(), (oracle::Distribution{{0, 0.5}, {1, 0.5}}));
  EXPECT_EQ(alike.candidates.best_logit(), 1.5f) << "temperature 2 for equal candidates";
}

TEST(Temperature, TinyOnesLeaveTheBest) {
  SamplingParams params = neutral();
  params.temperature = 1e-45f;
  for (const float sign : {1.0f, -1.0f}) {
    StageRun run(params, std::vector<float>{5.0f * sign, 6.0f * sign});
    run.apply(StageId::kTemperature);
    EXPECT_EQ(run.distribution(), (oracle::Distribution{{sign > 0 ? 1 : 0, 1.0}}));
  }
}

TEST(LogitBias, AddsUpAndBans) {
  SamplingParams params = neutral();
  params.logit_bias = {{1, 0.5f}, {2, -std::numeric_limits<float>::infinity()}, {1, 0.25f}};
  const std::vector<float> logits = {0.0f, 1.0f, 2.0f};
  oracle::Choices choices = {{1, 1.75}, {0, 0.0}};
  for (const bool records : {false, true}) {
    StageRun run(params, logits);
    if (records) run.candidates.sort();
    run.apply(StageId::kLogitBias);
    EXPECT_LE(testing_sampling::distance(run.distribution(), oracle::distribution(choices)),
              kTolerance);
  }
}

TEST(Penalties, WorkedExample) {
  SamplingParams params = neutral();
  params.repeat_penalty = 2.0f;
  params.frequency_penalty = 0.5f;
  params.presence_penalty = 0.25f;
  params.repeat_last_n = 4;
  const std::vector<float> logits = {1.0f, 1.0f, -1.0f, 3.0f};
  // The window holds 2 1 1 2; token 3 fell out of it.
  const oracle::Choices choices = {{3, 3.0}, {0, 1.0}, {1, 0.5 - 1.25}, {2, -2.0 - 1.25}};
  for (const bool records : {false, true}) {
    StageRun run(params, logits);
    for (const Token token : {3, 2, 1, 1, 2}) run.state.history.push(token);
    if (records) run.candidates.sort();
    run.apply(StageId::kPenalties);
    EXPECT_LE(testing_sampling::distance(run.distribution(), oracle::distribution(choices)),
              kTolerance);
  }
}

TEST(Penalties, NeverMakeInfiniteLogits) {
  SamplingParams params = neutral();
  params.repeat_penalty = 1e-6f;
  StageRun run(params, std::vector<float>{3e38f, 0.0f});
  run.state.history.push(0);
  run.apply(StageId::kPenalties);
  EXPECT_EQ(run.candidates.best_logit(), std::numeric_limits<float>::max());
}

TEST(Chain, OfManyStagesIsLikeTheOracle) {
  SamplingParams params;  // the field's defaults
  params.top_n_sigma = 3.0f;
  params.typical_p = 0.98f;
  for (unsigned seed = 0; seed < 50; ++seed) {
    const auto logits = random_logits(3000, 3.0f, seed);
    oracle::Choices choices = oracle::from_logits(logits);
    oracle::top_n_sigma(choices, 3.0);
    oracle::top_k(choices, 40);
    oracle::typical(choices, 0.98f);
    oracle::top_p(choices, 0.95f);
    oracle::min_p(choices, 0.05f);
    oracle::temperature(choices, 0.8f);
    StageRun run(params, logits);
    for (const StageId id : params.order.stages()) run.apply(id);
    EXPECT_LE(testing_sampling::distance(run.distribution(), oracle::distribution(choices)),
              kTolerance);
  }
}

}  // namespace
}  // namespace minnow
