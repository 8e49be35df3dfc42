// What a chain needs to see of the logits.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory_resource>

#include "sampling/sampler.hpp"

namespace minnow {
namespace {

using Settings = std::vector<std::pair<const char*, const char*>>;

std::unique_ptr<Sampler> make_sampler(const Settings& settings) {
  SamplingParams params;
  for (const auto& [name, value] : settings)
    EXPECT_TRUE(set_sampling_option(name, std::string_view(value), &params).ok()) << name;
  std::unique_ptr<Sampler> sampler;
  EXPECT_TRUE(
      Sampler::create(params, {100, 64, nullptr}, std::pmr::new_delete_resource(), &sampler).ok());
  return sampler;
}

LogitsNeed need_of(const Settings& settings) {
  return make_sampler(settings)->need();
}

TEST(SamplerNeed, IsTheBestOneWhenGreedy) {
  for (const Settings& settings :
       {Settings{{"temperature", "0"}}, Settings{{"temperature", "-1"}, {"mirostat", "2"}},
        Settings{{"temperature", "0"}, {"top_k", "0"}, {"top_p", "0.5"}}}) {
    const LogitsNeed need = need_of(settings);
    EXPECT_EQ(need.of, LogitsNeed::Of::kBest);
    EXPECT_EQ(need.n_best, 1);
    EXPECT_EQ(need.below_best, 0.0f);
  }
}

TEST(SamplerNeed, IsWhatTheFirstStageThatDropsAnythingKeeps) {
  LogitsNeed need = need_of({});
  EXPECT_EQ(need.of, LogitsNeed::Of::kBest);
  EXPECT_EQ(need.n_best, 40);
  need = need_of({{"top_k", "7"}, {"repeat_penalty", "1.2"}, {"dry_multiplier", "1"}});
  EXPECT_EQ(need.n_best, 7);
  need = need_of({{"samplers", "min_p;top_k"}, {"min_p", "0.1"}, {"min_keep", "3"}});
  EXPECT_EQ(need.of, LogitsNeed::Of::kBest);
  EXPECT_EQ(need.n_best, 3);
  EXPECT_GE(need.below_best, -std::log(0.1));
  EXPECT_LT(need.below_best, -std::log(0.1) + 1e-4);
  need = need_of({{"samplers", "temperature;top_k"}, {"temperature", "1"}});
  EXPECT_EQ(need.n_best, 40) << "a temperature of 1 changes nothing";
}

TEST(SamplerNeed, IsEverythingWhenAStageLooksAtAllProbabilities) {
  for (const Settings& settings :
       {Settings{{"top_k", "0"}}, Settings{{"samplers", "temperature;top_k"}},
        Settings{{"samplers", ""}}, Settings{{"top_n_sigma", "1"}}, Settings{{"mirostat", "1"}},
        Settings{{"samplers", "typ_p;top_k"}, {"typical_p", "0.5"}},
        Settings{{"samplers", "xtc;top_k"}, {"xtc_probability", "0.5"}},
        Settings{{"samplers", "temperature;top_k"}, {"temperature", "1"}, {"dynatemp_range", "1"}}})
    EXPECT_EQ(need_of(settings).of, LogitsNeed::Of::kAll) << settings[0].first;
}

TEST(SamplerNeed, NamesTheTokensThatStagesChange) {
  const auto edited = [](const Settings& settings) {
    const auto sampler = make_sampler(settings);
    for (const Token token : {5, 9, 5}) sampler->accept(token);
    const std::span<const Token> tokens = sampler->edited_tokens();
    std::vector<Token> sorted(tokens.begin(), tokens.end());
    std::sort(sorted.begin(), sorted.end());
    sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
    return sorted;
  };
  EXPECT_EQ(edited({}), std::vector<Token>{});
  EXPECT_EQ(edited({{"repeat_penalty", "1.1"}}), (std::vector<Token>{5, 9}));
  EXPECT_EQ(edited({{"presence_penalty", "0.1"}}), (std::vector<Token>{5, 9}));
  EXPECT_EQ(edited({{"dry_multiplier", "0.5"}}), (std::vector<Token>{5, 9}));
  EXPECT_EQ(edited({{"logit_bias", "7+1"}, {"logit_bias", "3-inf"}}), (std::vector<Token>{3, 7}));
  EXPECT_EQ(edited({{"logit_bias", "7+1"}, {"frequency_penalty", "-1"}}),
            (std::vector<Token>{5, 7, 9}));
}

}  // namespace
}  // namespace minnow
