// TokenTable and TokenHistory against the standard containers.
#include "sampling/token_history.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <random>

namespace minnow {
namespace {

std::map<Token, int> as_map(const TokenTable& table) {
  std::map<Token, int> result;
  table.each([&](Token token, std::int32_t value) { result[token] = value; });
  return result;
}

TEST(TokenTable, BehavesLikeAMap) {
  TokenTable table(50, std::pmr::get_default_resource());
  std::map<Token, int> expected;
  std::mt19937 generator(7);
  for (int step = 0; step < 20000; ++step) {
    const auto token = static_cast<Token>(generator() % 60 * 131);
    if (generator() % 2 == 0) {
      table.erase(token);
      expected.erase(token);
    } else if (expected.size() < 50 || expected.count(token) != 0) {
      ++table[token];
      ++expected[token];
    }
    ASSERT_EQ(table.size(), expected.size());
    ASSERT_EQ(table.find(token) != nullptr, expected.count(token) != 0);
  }
  EXPECT_EQ(as_map(table), expected);
  table.clear();
  EXPECT_EQ(table.size(), 0u);
  EXPECT_EQ(as_map(table), (std::map<Token, int>()));
}

TEST(TokenHistory, CountsTheWindowAndRemembersTheRest) {
  for (const size_t window : {0u, 1u, 5u, 12u}) {
    TokenHistory history(12, window, std::pmr::get_default_resource());
    std::deque<Token> expected;  // newest first
    std::mt19937 generator(11);
    for (int step = 0; step < 300; ++step) {
      const auto token = static_cast<Token>(generator() % 6);
      history.push(token);
      expected.push_front(token);
      if (expected.size() > 12) expected.pop_back();
      ASSERT_EQ(history.size(), expected.size());
      std::map<Token, int> counts;
      for (size_t i = 0; i < expected.size(); ++i) {
        ASSERT_EQ(history.from_end(i), expected[i]);
        if (i < window) ++counts[expected[i]];
      }
      ASSERT_EQ(as_map(history.counts()), counts);
    }
    history.clear();
    EXPECT_EQ(history.size(), 0u);
  }
}

TEST(TokenHistory, OfNoCapacityForgetsEverything) {
  TokenHistory history(0, 0, std::pmr::get_default_resource());
  history.push(3);
  EXPECT_EQ(history.size(), 0u);
}

}  // namespace
}  // namespace minnow
