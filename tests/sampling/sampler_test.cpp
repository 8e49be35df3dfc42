// The whole sampler: what is drawn and how often, determinism, ties, extremes, masks, statuses,
// memory.
#include "sampling/sampler.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "sampling/philox.hpp"
#include "sampling_oracle.hpp"

namespace minnow {
namespace {

using testing_sampling::make_sampler;
using testing_sampling::neutral;
using testing_sampling::random_logits;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Samples, or returns a value that no vocabulary has and reports the message.
Token draw(Sampler& sampler, std::span<const float> logits, std::uint64_t position = 0,
           std::span<const std::uint64_t> mask = {}) {
  Token token = -99;
  const Status status = sampler.sample(logits, mask, position, &token);
  EXPECT_TRUE(status.ok()) << status.message();
  return token;
}

// Chi-square of n draws against expected probabilities; terms with fewer than 5 expected are
// joined.
double chi_square(const SamplingParams& params, std::span<const float> logits,
                  const oracle::Distribution& expected, int n, int* degrees) {
  const auto sampler = make_sampler(params, logits.size());
  std::map<int, int> counts;
  for (int i = 0; i < n; ++i) ++counts[draw(*sampler, logits, static_cast<std::uint64_t>(i))];
  double sum = 0;
  double rest_expected = 0;
  double rest_counted = 0;
  *degrees = -1;
  int found = 0;
  for (const auto& [id, p] : expected) {
    found += counts[id];
    if (p * n < 5) {
      rest_expected += p * n;
      rest_counted += counts[id];
      continue;
    }
    sum += (counts[id] - p * n) * (counts[id] - p * n) / (p * n);
    ++*degrees;
  }
  if (rest_expected >= 5) {
    sum += (rest_counted - rest_expected) * (rest_counted - rest_expected) / rest_expected;
    ++*degrees;
  }
  EXPECT_EQ(found, n) << "a token was drawn that has no probability";
  return sum;
}

TEST(Sampler, DrawsWithTheProbabilitiesOfTheOracle) {
  for (const size_t n : {2u, 10u, 300u, 3000u}) {
    for (const bool defaults : {true, false}) {
      SamplingParams params = defaults ? SamplingParams() : neutral();
      params.seed = 1234;
      const auto logits = random_logits(n, 2.0f, static_cast<unsigned>(n));
      oracle::Choices choices = oracle::from_logits(logits);
      if (defaults) {
        oracle::top_k(choices, 40);
        oracle::top_p(choices, 0.95f);
        oracle::min_p(choices, 0.05f);
        oracle::temperature(choices, 0.8f);
      }
      int degrees = 0;
      const double chi = chi_square(params, logits, oracle::distribution(choices), 20000, &degrees);
      // Mean d, variance 2d: five standard deviations.
      EXPECT_LT(chi, degrees + 5 * std::sqrt(2.0 * degrees) + 1) << n << " logits, seed 1234";
    }
  }
}

TEST(Sampler, SameSeedAndPositionGiveTheSameToken) {
  SamplingParams params;
  params.seed = 42;
  const auto logits = random_logits(1000, 2.0f, 1);
  const auto forwards = make_sampler(params, 1000);
  const auto backwards = make_sampler(params, 1000);
  std::vector<Token> tokens;
  for (std::uint64_t i = 0; i < 100; ++i) tokens.push_back(draw(*forwards, logits, i));
  for (std::uint64_t i = 100; i-- > 0;) EXPECT_EQ(draw(*backwards, logits, i), tokens[i]);
  EXPECT_GT(std::set<Token>(tokens.begin(), tokens.end()).size(), 3u);
  params.seed = 43;
  const auto other = make_sampler(params, 1000);
  int same = 0;
  for (std::uint64_t i = 0; i < 100; ++i) same += draw(*other, logits, i) == tokens[i];
  EXPECT_LT(same, 90);
}

TEST(Sampler, CandidatesOfAScreenedHeadGiveTheSameToken) {
  SamplingParams params;
  params.repeat_penalty = 1.3f;
  params.seed = 6;
  const auto logits = random_logits(5000, 2.0f, 2);
  std::vector<Candidate> best;
  for (size_t i = 0; i < logits.size(); ++i) best.push_back({static_cast<Token>(i), logits[i], 0});
  std::sort(best.begin(), best.end(), comes_before);
  best.resize(120);
  std::reverse(best.begin(), best.end());
  const auto full = make_sampler(params, logits.size());
  const auto screened = make_sampler(params, logits.size());
  for (std::uint64_t i = 0; i < 100; ++i) {
    const Token expected = draw(*full, logits, i);
    Token token = kNoToken;
    ASSERT_TRUE(screened->sample(std::span<const Candidate>(best), {}, i, &token).ok());
    ASSERT_EQ(token, expected);
    full->accept(token);
    screened->accept(token);
  }
}

TEST(Sampler, FollowsTheOrderThatWasSet) {
  // Temperature first makes top-p see a flatter distribution and keep more.
  const std::vector<float> logits = {3.0f, 2.0f, 1.0f, 0.0f};
  SamplingParams params = neutral();
  params.temperature = 10.0f;
  params.top_p = 0.6f;
  ASSERT_TRUE(parse_samplers("top_p;temperature", &params.order).ok());
  auto sampler = make_sampler(params, 4);
  draw(*sampler, logits);
  EXPECT_EQ(sampler->candidates().size(), 1u);
  ASSERT_TRUE(parse_samplers("temperature;top_p", &params.order).ok());
  sampler = make_sampler(params, 4);
  draw(*sampler, logits);
  EXPECT_EQ(sampler->candidates().size(), 3u);
  ASSERT_TRUE(parse_samplers("temperature;temperature;top_p", &params.order).ok());
  oracle::Choices choices = oracle::from_logits(logits);
  oracle::temperature(choices, 100);
  int degrees = 0;
  params.top_p = 1.0f;
  EXPECT_LT(chi_square(params, logits, oracle::distribution(choices), 20000, &degrees), 25);
  ASSERT_TRUE(parse_samplers("", &params.order).ok());
  choices = oracle::from_logits(logits);
  EXPECT_LT(chi_square(params, logits, oracle::distribution(choices), 20000, &degrees), 25)
      << "the empty chain draws from the model's own distribution";
}

TEST(Sampler, IsGreedyWithoutTemperature) {
  for (const float temperature : {0.0f, -1.0f}) {
    SamplingParams params;
    params.temperature = temperature;
    params.xtc_probability = 1.0f;
    const auto sampler = make_sampler(params, 700);
    const auto logits = random_logits(700, 2.0f, 3);
    const auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
    EXPECT_EQ(draw(*sampler, logits), best);
  }
}

TEST(Sampler, GreedyStillHonoursBiasAndPenalties) {
  SamplingParams params;
  params.temperature = 0;
  params.presence_penalty = 5.0f;
  params.logit_bias = {{2, 3.0f}};
  const auto sampler = make_sampler(params, 4);
  const std::vector<float> logits = {1.0f, 0.0f, -1.0f, 0.5f};
  EXPECT_EQ(draw(*sampler, logits), 2);
  sampler->accept(2);
  EXPECT_EQ(draw(*sampler, logits), 0);
  sampler->accept(0);
  EXPECT_EQ(draw(*sampler, logits), 3);
  sampler->reset();
  EXPECT_EQ(draw(*sampler, logits), 2);
}

TEST(Sampler, TiesGoToTheLowerId) {
  SamplingParams params;
  params.temperature = 0;
  std::vector<float> logits(1000, 0.0f);
  logits[300] = logits[301] = logits[999] = 1.0f;
  EXPECT_EQ(draw(*make_sampler(params, 1000), logits), 300);
  params = neutral();
  params.top_k = 2;
  const auto sampler = make_sampler(params, 1000);
  std::set<Token> drawn;
  for (std::uint64_t i = 0; i < 64; ++i) drawn.insert(draw(*sampler, logits, i));
  EXPECT_EQ(drawn, (std::set<Token>{300, 301}));
}

TEST(Sampler, TakesExtremes) {
  for (const char* order : {"top_k;typ_p;top_p;min_p;xtc;temperature;top_n_sigma",
                            "temperature;top_n_sigma;xtc;min_p;top_p;typ_p;top_k", ""}) {
    for (const float p : {0.0f, 0.5f, 1.0f}) {
      SamplingParams params;
      ASSERT_TRUE(parse_samplers(order, &params.order).ok());
      params.top_p = params.min_p = params.typical_p = params.xtc_probability = p;
      params.top_n_sigma = p;
      params.top_k = p == 0.0f ? 2000000 : 3;
      params.dynatemp_range = p;
      const auto one = make_sampler(params, 1);
      EXPECT_EQ(draw(*one, std::vector<float>{-7.0f}), 0);
      const auto sampler = make_sampler(params, 600);
      const auto in_range = [&](std::span<const float> logits) {
        const Token token = draw(*sampler, logits);
        return token >= 0 && token < 600 && logits[static_cast<size_t>(token)] > -kInfinity;
      };
      EXPECT_TRUE(in_range(std::vector<float>(600, 0.25f))) << "all equal";
      std::vector<float> logits(600, -kInfinity);
      logits[599] = -3e38f;
      EXPECT_EQ(draw(*sampler, logits), 599) << "all but one excluded";
      logits[7] = -3e38f;
      EXPECT_TRUE(in_range(logits));
      logits.assign(600, -3.4e38f);
      logits[5] = 3.4e38f;
      EXPECT_EQ(draw(*sampler, logits), 5) << "the largest spread";
      logits.assign(600, 1e-45f);
      EXPECT_TRUE(in_range(logits)) << "subnormal";
    }
  }
}

TEST(Sampler, NamesTheLogitThatIsNoNumber) {
  const auto sampler = make_sampler(SamplingParams(), 1000);
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(),
                          -std::numeric_limits<float>::quiet_NaN(), kInfinity}) {
    for (const size_t place : {0u, 255u, 256u, 700u, 999u}) {
      auto logits = random_logits(1000, 1.0f, 4);
      logits[1 + place / 2] = -kInfinity;  // allowed
      logits[place] = bad;
      Token token = 77;
      const Status status = sampler->sample(logits, 31, &token);
      EXPECT_EQ(status.code(), StatusCode::kNumeric);
      EXPECT_NE(status.message().find("token " + std::to_string(place) + " at position 31"),
                std::string::npos)
          << status.message();
      EXPECT_EQ(token, 77);
    }
  }
  const Candidate list[] = {{3, std::numeric_limits<float>::quiet_NaN(), 0}};
  Token token = 77;
  EXPECT_EQ(sampler->sample(std::span<const Candidate>(list), {}, 0, &token).code(),
            StatusCode::kNumeric);
}

TEST(Sampler, LargeFiniteLogitsAreNumbers) {
  SamplingParams params;
  params.temperature = 0;
  std::vector<float> logits(512, 3e38f);  // their sum is infinite
  for (size_t i = 256; i < 512; ++i) logits[i] = -3e38f;
  EXPECT_EQ(draw(*make_sampler(params, 512), logits), 0);
}

TEST(Mask, LeavesWhatItAllows) {
  for (const size_t n : {1u, 63u, 64u, 65u, 256u, 700u}) {
    std::vector<std::uint64_t> mask((n + 63) / 64, 0);
    mask.back() = ~std::uint64_t{0} << 1;  // bits beyond the vocabulary do not matter
    const auto allowed = static_cast<Token>(n / 2);
    mask[n / 2 / 64] |= std::uint64_t{1} << (n / 2 % 64);
    SamplingParams params = neutral();
    params.logit_bias = {{0, 1.0f}};  // biasing a masked token does not bring it back
    const auto sampler = make_sampler(params, n);
    const auto logits = random_logits(n, 2.0f, 8);
    for (std::uint64_t i = 0; i < 50; ++i) {
      const Token token = draw(*sampler, logits, i, mask);
      const auto bit = static_cast<size_t>(token);
      EXPECT_TRUE(mask[bit / 64] >> (bit % 64) & 1) << token << " of " << n;
      EXPECT_LT(bit, n);
    }
    if (n > 64) {
      mask.back() = 0;
      mask[n / 2 / 64] = std::uint64_t{1} << (n / 2 % 64);
      EXPECT_EQ(draw(*sampler, logits, 0, mask), allowed);
    }
  }
}

TEST(Mask, ThatExcludesAllIsAStatus) {
  const auto sampler = make_sampler(SamplingParams(), 70);
  auto logits = random_logits(70, 1.0f, 1);
  std::vector<std::uint64_t> mask = {0, ~std::uint64_t{0} << 6};
  Token token = 77;
  EXPECT_EQ(sampler->sample(logits, mask, 3, &token).code(), StatusCode::kNotFound);
  logits[0] = kInfinity;
  EXPECT_EQ(sampler->sample(logits, mask, 3, &token).code(), StatusCode::kNotFound)
      << "with everything masked, no logit matters";
  mask = {1};
  EXPECT_EQ(sampler->sample(logits, mask, 3, &token).code(), StatusCode::kInvalidArgument);
  logits.assign(70, -kInfinity);
  const Status status = sampler->sample(logits, 3, &token);
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_NE(status.message().find("position 3"), std::string::npos);
  EXPECT_EQ(token, 77);
}

TEST(Sampler, BansThatExcludeAllAreAStatus) {
  SamplingParams params;
  params.logit_bias = {{0, -kInfinity}, {1, -kInfinity}};
  const auto sampler = make_sampler(params, 2);
  Token token = 77;
  EXPECT_EQ(sampler->sample(std::vector<float>{1, 2}, 0, &token).code(), StatusCode::kNotFound);
  const Candidate list[] = {{1, 0.5f, 0}};
  EXPECT_EQ(sampler->sample(std::span<const Candidate>(list), {}, 0, &token).code(),
            StatusCode::kNotFound);
}

TEST(Sampler, RefusesWrongSizes) {
  std::unique_ptr<Sampler> sampler;
  auto* memory = std::pmr::get_default_resource();
  EXPECT_EQ(Sampler::create({}, {0, 16, nullptr}, memory, &sampler).code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(Sampler::create({}, {16, -1, nullptr}, memory, &sampler).code(),
            StatusCode::kInvalidArgument);
  SamplingParams params;
  params.temperature = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(Sampler::create(params, {16, 16, nullptr}, memory, &sampler).code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(sampler, nullptr);
  sampler = make_sampler({}, 16);
  Token token = 77;
  EXPECT_EQ(sampler->sample(std::vector<float>(15, 0.0f), 0, &token).code(),
            StatusCode::kInvalidArgument);
  const std::vector<Candidate> many(17, Candidate{0, 0, 0});
  EXPECT_EQ(sampler->sample(std::span<const Candidate>(many), {}, 0, &token).code(),
            StatusCode::kInvalidArgument);
  const Candidate outside[] = {{16, 0, 0}};
  EXPECT_EQ(sampler->sample(std::span<const Candidate>(outside), {}, 0, &token).code(),
            StatusCode::kInvalidArgument);
  sampler->accept(-1);
  sampler->accept(16);
  EXPECT_EQ(token, 77);
}

// Counts, and remembers how much is held.
class CountingMemory : public std::pmr::memory_resource {
 public:
  int n_allocations = 0;
  size_t bytes = 0;

 private:
  void* do_allocate(size_t n, size_t alignment) override {
    ++n_allocations;
    bytes += n;
    return std::pmr::new_delete_resource()->allocate(n, alignment);
  }
  void do_deallocate(void* p, size_t n, size_t alignment) override {
    std::pmr::new_delete_resource()->deallocate(p, n, alignment);
  }
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
};

TEST(Sampler, TakesItsMemoryAtCreation) {
  CountingMemory memory;
  SamplingParams params;
  params.dry_multiplier = 0.8f;
  params.repeat_penalty = 1.1f;
  params.top_k = 0;
  params.typical_p = 0.9f;
  params.top_n_sigma = 2.0f;
  std::unique_ptr<Sampler> sampler;
  ASSERT_TRUE(Sampler::create(params, {5000, 512, nullptr}, &memory, &sampler).ok());
  const int after_creation = memory.n_allocations;
  EXPECT_LT(memory.bytes, 5000u * 17 + 20000);
  for (std::uint64_t i = 0; i < 300; ++i) {
    sampler->accept(draw(*sampler, random_logits(5000, 3.0f, static_cast<unsigned>(i % 7)), i));
  }
  EXPECT_EQ(memory.n_allocations, after_creation);
}

// The tokens that a seed gives are part of what users rely on: they change with the arithmetic's
// version only.
TEST(Sampler, GivesTheGoldenTokens) {
  std::vector<float> logits(2000);
  for (size_t i = 0; i < logits.size(); ++i) {
    const std::uint64_t bits = random_bits(1, i, 99);
    logits[i] = static_cast<float>(bits % 4096) / 256.0f;
  }
  SamplingParams params = neutral();
  params.seed = 7;
  const auto plain = make_sampler(params, logits.size());
  SamplingParams mixed;
  mixed.seed = 7;
  mixed.top_k = 0;
  mixed.typical_p = 0.9f;
  mixed.dynatemp_range = 0.5f;
  const auto chain = make_sampler(mixed, logits.size());
  std::vector<Token> tokens;
  for (std::uint64_t i = 0; i < 4; ++i) {
    tokens.push_back(draw(*plain, logits, i));
    tokens.push_back(draw(*chain, logits, i));
  }
  EXPECT_EQ(tokens, (std::vector<Token>{1685, 508, 1022, 1274, 1153, 1153, 131, 237}));
}

}  // namespace
}  // namespace minnow
