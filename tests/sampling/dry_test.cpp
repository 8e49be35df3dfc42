// DRY against worked examples and a quadratic oracle, and the search for breakers in a vocabulary.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "sampling_oracle.hpp"

namespace minnow {
namespace {

using testing_sampling::neutral;

SamplingParams dry_params(float multiplier = 1.0f, float base = 2.0f, int allowed = 2) {
  SamplingParams params = neutral();
  params.dry_multiplier = multiplier;
  params.dry_base = base;
  params.dry_allowed_length = allowed;
  params.dry_penalty_last_n = -1;
  return params;
}

// What DRY takes off each of 10 tokens after the history.
std::map<Token, float> penalties(const SamplingParams& params, std::span<const Token> history,
                                 const DryBreakers* breakers = nullptr, int n_vocab = 10) {
  StageState state(params, n_vocab, 64, breakers, std::pmr::get_default_resource());
  Candidates candidates(static_cast<size_t>(n_vocab), std::pmr::get_default_resource());
  const std::vector<float> logits(static_cast<size_t>(n_vocab), 0.0f);
  if (!candidates.begin(logits, {}, 0).ok()) return {{-1, 0.0f}};
  for (const Token token : history) state.history.push(token);
  apply_dry(state, candidates);
  candidates.collect();
  std::map<Token, float> result;
  for (const Candidate& c : candidates.records()) {
    if (c.logit != 0.0f) result[c.id] = -c.logit;
  }
  return result;
}

TEST(Dry, WorkedExample) {
  // a b c c b c y a b c: after "a b c" came c (length 3), after "b c" came y (2), after "c" came b
  // (1).
  const std::vector<Token> history = {1, 2, 3, 3, 2, 3, 9, 1, 2, 3};
  EXPECT_EQ(penalties(dry_params(), history), (std::map<Token, float>{{3, 2.0f}, {9, 1.0f}}));
  EXPECT_EQ(penalties(dry_params(0.5f, 2.0f, 1), history),
            (std::map<Token, float>{{2, 0.5f}, {3, 2.0f}, {9, 1.0f}}));
  EXPECT_EQ(penalties(dry_params(1.0f, 2.0f, 4), history), (std::map<Token, float>()));
}

TEST(Dry, IsOffByDefaultAndBelowBaseOne) {
  const std::vector<Token> history = {1, 2, 3, 1, 2, 3};
  EXPECT_EQ(penalties(dry_params(0.0f), history), (std::map<Token, float>()));
  EXPECT_EQ(penalties(dry_params(1.0f, 0.5f), history), (std::map<Token, float>()));
}

TEST(Dry, LooksBackItsWindowOnly) {
  SamplingParams params = dry_params();
  const std::vector<Token> history = {1, 2, 3, 4, 5, 1, 2};
  EXPECT_EQ(penalties(params, history), (std::map<Token, float>{{3, 1.0f}}));
  params.dry_penalty_last_n = 6;
  EXPECT_EQ(penalties(params, history), (std::map<Token, float>()));
  params.dry_penalty_last_n = 0;
  EXPECT_EQ(penalties(params, history), (std::map<Token, float>()));
}

TEST(Dry, StopsAtBreakers) {
  DryBreakers breakers(std::pmr::get_default_resource());
  const Token one[] = {7};
  breakers.add(one);
  const std::vector<Token> history = {1, 7, 2, 3, 4, 1, 7, 2, 3};
  EXPECT_EQ(penalties(dry_params(), history), (std::map<Token, float>{{4, 4.0f}}));
  EXPECT_EQ(penalties(dry_params(), history, &breakers), (std::map<Token, float>{{4, 1.0f}}));
  EXPECT_EQ(penalties(dry_params(1, 2, 3), history, &breakers), (std::map<Token, float>()));
  // A breaker itself is never penalised.
  const std::vector<Token> before = {2, 3, 7, 2, 3};
  EXPECT_EQ(penalties(dry_params(), before), (std::map<Token, float>{{7, 1.0f}}));
  EXPECT_EQ(penalties(dry_params(), before, &breakers), (std::map<Token, float>()));
}

TEST(Dry, StopsBehindBreakersOfSeveralTokens) {
  DryBreakers breakers(std::pmr::get_default_resource());
  const Token pair[] = {1, 7};
  breakers.add(pair);
  const std::vector<Token> history = {1, 7, 2, 3, 4, 1, 7, 2, 3};
  EXPECT_EQ(penalties(dry_params(), history, &breakers), (std::map<Token, float>{{4, 1.0f}}));
}

TEST(Dry, AgreesWithTheQuadraticDefinition) {
  std::mt19937 generator(5);
  for (int round = 0; round < 300; ++round) {
    std::vector<Token> history(generator() % 40);
    for (Token& token : history) token = static_cast<Token>(generator() % 3);
    std::map<Token, float> expected;
    const auto n = static_cast<int>(history.size());
    for (int end = 0; end < n - 1; ++end) {
      int length = 0;
      while (length <= end && history[static_cast<size_t>(end - length)] ==
                                  history[static_cast<size_t>(n - 1 - length)]) {
        ++length;
      }
      if (length < 2 || n <= 2) continue;
      float& penalty = expected[history[static_cast<size_t>(end + 1)]];
      penalty = std::max(penalty, std::ldexp(1.0f, length - 2));
    }
    EXPECT_EQ(penalties(dry_params(), history), expected) << "round " << round;
  }
}

TEST(Dry, StaysFiniteForLongRepetitions) {
  SamplingParams params = dry_params(1.0f, 1e6f);
  const std::vector<Token> history(64, 1);
  const auto result = penalties(params, history);
  ASSERT_EQ(result.size(), 1u);
  EXPECT_GT(result.at(1), 1e30f);
  EXPECT_LE(result.at(1), std::numeric_limits<float>::max());
}

// A vocabulary of letters, newlines and pairs of both.
struct Texts {
  std::vector<std::string> texts = {"a", "b", "\n", "a\n", "\nb", ":", "b:", "::"};
  static std::string_view text(const void* self, Token token) {
    return static_cast<const Texts*>(self)->texts[static_cast<size_t>(token)];
  }
  static void tokenize(const void* self, std::string_view text, std::vector<Token>* tokens) {
    for (const char letter : text) {
      for (Token token = 0; token < 8; ++token) {
        if (Texts::text(self, token) == std::string_view(&letter, 1)) tokens->push_back(token);
      }
    }
  }
  VocabTexts view() const { return {this, 8, &Texts::text, &Texts::tokenize}; }
};

TEST(DryBreakers, AreFoundInsideTokens) {
  const Texts vocab;
  DryBreakers breakers(std::pmr::get_default_resource());
  const std::string texts[] = {"\n", ""};
  breakers.add_texts(texts, vocab.view());
  for (const Token token : {2, 3, 4}) EXPECT_TRUE(breakers.is_single(token)) << token;
  for (const Token token : {0, 1, 5, 6, 7}) EXPECT_FALSE(breakers.is_single(token)) << token;
}

TEST(DryBreakers, AreFoundAcrossTokens) {
  const Texts vocab;
  DryBreakers breakers(std::pmr::get_default_resource());
  const std::string texts[] = {"b:a"};
  breakers.add_texts(texts, vocab.view());
  const Token colon_a[] = {5, 0};
  const Token a[] = {0, 1};
  EXPECT_EQ(breakers.match(1, colon_a), 2) << "b, then ':', 'a'";
  EXPECT_EQ(breakers.match(6, a), 1) << "'b:', then 'a'";
  EXPECT_EQ(breakers.match(1, a), -1);
  EXPECT_EQ(breakers.match(0, colon_a), -1);
  EXPECT_FALSE(breakers.is_single(1));
}

}  // namespace
}  // namespace minnow
