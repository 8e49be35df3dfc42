// Mirostat: which candidates a bound leaves, and how the bound moves.
#include <gtest/gtest.h>

#include <cmath>

#include "sampling_oracle.hpp"

namespace minnow {
namespace {

using testing_sampling::make_sampler;
using testing_sampling::neutral;
using testing_sampling::random_logits;
using testing_sampling::StageRun;

TEST(Mirostat2, KeepsWhatSurprisesNoMoreThanTheBound) {
  SamplingParams params = neutral();
  params.mirostat = 2;
  for (const float tau : {0.5f, 2.0f, 4.0f}) {
    params.mirostat_tau = tau;  // the bound starts at 2 tau
    const auto logits = random_logits(2000, 3.0f, 9);
    oracle::Choices choices = oracle::from_logits(logits);
    const auto p = oracle::softmax(choices);
    size_t n = 1;
    while (n < p.size() && -std::log2(p[n]) <= 2 * tau) ++n;
    choices.resize(n);
    StageRun run(params, logits);
    run.apply(StageId::kMirostat);
    EXPECT_LE(testing_sampling::distance(run.distribution(), oracle::distribution(choices)),
              testing_sampling::kTolerance);
  }
}

TEST(Mirostat1, KeepsTheCountThatZipfsLawGives) {
  SamplingParams params = neutral();
  params.mirostat = 1;
  params.mirostat_tau = 2.0f;
  const auto logits = random_logits(2000, 3.0f, 9);
  oracle::Choices choices = oracle::from_logits(logits);
  double tb = 0;
  double tt = 0;
  for (int i = 0; i < 99; ++i) {
    const double t = std::log((i + 2.0) / (i + 1.0));
    tb += t * (choices[static_cast<size_t>(i)].logit - choices[static_cast<size_t>(i) + 1].logit);
    tt += t * t;
  }
  const double s = tb / tt;
  const double k = std::pow((s - 1) * std::pow(2, 4.0) / (1 - std::pow(2000, 1 - s)), 1 / s);
  ASSERT_GT(k, 2);
  choices.resize(static_cast<size_t>(k));
  StageRun run(params, logits);
  run.apply(StageId::kMirostat);
  EXPECT_LE(testing_sampling::distance(run.distribution(), oracle::distribution(choices)),
            testing_sampling::kTolerance);
}

TEST(Mirostat1, LeavesSomethingInEveryCase) {
  SamplingParams params = neutral();
  params.mirostat = 1;
  for (const auto& logits : {std::vector<float>{1.0f}, std::vector<float>{0.0f, 0.0f, 0.0f},
                             std::vector<float>{0.0f, -3e38f}, std::vector<float>{1.0f, 0.5f}}) {
    StageRun run(params, logits);
    run.apply(StageId::kMirostat);
    EXPECT_GE(run.distribution().size(), 1u);
  }
}

TEST(Mirostat, MovesWhenTheDrawnTokenIsAccepted) {
  SamplingParams params = neutral();
  params.mirostat = 2;
  params.mirostat_tau = 1.0f;  // bound 2 bits: two of four equal ones would be 1 bit each
  params.mirostat_eta = 0.5f;
  const std::vector<float> logits = {0.0f, 0.0f, 0.0f, 0.0f};
  StageRun run(params, logits);
  run.apply(StageId::kMirostat);
  run.state.drawn = 2;
  run.state.drawn_mass = 1;
  run.state.drawn_total = 8;  // 3 bits: 2 more than tau
  update_mirostat(run.state, 2);
  EXPECT_NEAR(run.state.mirostat_mu, 2.0 - 0.5 * 2.0, 1e-12);
  update_mirostat(run.state, 2);
  EXPECT_NEAR(run.state.mirostat_mu, 1.0, 1e-12) << "a draw counts once";
  run.state.drawn = 2;
  update_mirostat(run.state, 3);
  EXPECT_NEAR(run.state.mirostat_mu, 1.0, 1e-12) << "another token was accepted";
}

TEST(Mirostat, HoldsTheSurpriseNearTau) {
  for (const int version : {1, 2}) {
    SamplingParams params = neutral();
    params.mirostat = version;
    params.mirostat_tau = 3.0f;
    params.seed = 5;
    const auto sampler = make_sampler(params, 4000);
    ASSERT_NE(sampler, nullptr);
    double bits = 0;
    const int n = 400;
    for (int i = 0; i < n; ++i) {
      const auto logits = random_logits(4000, 2.5f, static_cast<unsigned>(i));
      Token token = kNoToken;
      ASSERT_TRUE(sampler->sample(logits, static_cast<std::uint64_t>(i), &token).ok());
      double total = 0;
      double drawn = 0;
      for (const Candidate& c : sampler->candidates()) {
        total += c.p;
        if (c.id == token) drawn = c.p;
      }
      if (i >= n / 2) bits -= std::log2(drawn / total);
      sampler->accept(token);
    }
    EXPECT_NEAR(bits / (n / 2), 3.0, 0.5) << "version " << version;
  }
}

}  // namespace
}  // namespace minnow
