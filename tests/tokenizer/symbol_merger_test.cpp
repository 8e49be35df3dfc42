// Merging in windows must give what merging at once gives, and what the definition gives.
#include "tokenizer/symbol_merger.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace minnow {
namespace {

// A random set of merges over the letters a to c, by rank or by the joined text.
struct RandomMerges {
  std::map<std::string, Token> tokens;
  std::map<std::pair<Token, Token>, Merge> by_pair;
  std::map<std::string, Merge> by_text;

  explicit RandomMerges(unsigned seed) {
    std::mt19937 random(seed);
    std::vector<std::string> texts;
    for (const char* letter : {"a", "b", "c"}) {
      tokens[letter] = static_cast<Token>(tokens.size());
      texts.push_back(letter);
    }
    const std::size_t n_merges = 2 + random() % 25;
    for (std::size_t rank = 0; rank < n_merges; ++rank) {
      const std::string left = texts[random() % texts.size()],
                        right = texts[random() % texts.size()];
      const std::string joined = left + right;
      if (joined.size() > 9) continue;
      if (tokens.count(joined) == 0) {
        tokens[joined] = static_cast<Token>(tokens.size());
        texts.push_back(joined);
      }
      // Ranks in no order: a later merge may come before those that make its parts.
      const Merge merge{static_cast<std::uint32_t>(random() % 12 * 1000 + rank), tokens[joined]};
      by_pair.emplace(std::make_pair(tokens[left], tokens[right]), merge);
      by_text.emplace(joined, Merge{static_cast<std::uint32_t>(random() % 6), tokens[joined]});
    }
  }
};

struct PairsByRank {
  const RandomMerges& merges;
  Merge find(const MergeSymbol& left, const MergeSymbol& right) const {
    const auto found = merges.by_pair.find({left.token, right.token});
    return found == merges.by_pair.end() ? Merge{0, kNoToken} : found->second;
  }
};

struct PairsByText {
  const RandomMerges& merges;
  const std::string& text;
  Merge find(const MergeSymbol& left, const MergeSymbol& right) const {
    const auto found = merges.by_text.find(text.substr(left.begin, right.end - left.begin));
    return found == merges.by_text.end() ? Merge{0, kNoToken} : found->second;
  }
};

// The definition: the pair of lowest rank, the leftmost of equals, until none merges.
template <class Pairs, class Spell>
std::vector<MergeSymbol> merge_by_definition(const Pairs& pairs, const Spell& spell,
                                             std::size_t n) {
  std::vector<MergeSymbol> symbols;
  for (std::uint32_t i = 0; i < n; ++i) symbols.push_back(spell(i));
  while (true) {
    std::size_t best = symbols.size();
    Merge best_merge{0, kNoToken};
    for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
      const Merge merge = pairs.find(symbols[i], symbols[i + 1]);
      if (merge.token == kNoToken || (best != symbols.size() && merge.rank >= best_merge.rank))
        continue;
      best = i;
      best_merge = merge;
    }
    if (best == symbols.size()) return symbols;
    symbols[best] = {symbols[best].begin, symbols[best + 1].end, best_merge.token};
    symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
}

template <class Pairs>
void expect_equal_for_all_windows(const RandomMerges& merges, const Pairs& pairs,
                                  const std::string& text) {
  const auto spell = [&](std::uint32_t at) {
    return MergeSymbol{at, at + 1, merges.tokens.at(text.substr(at, 1))};
  };
  const auto expected = merge_by_definition(pairs, spell, text.size());
  for (const std::uint32_t window : {4u, 8u, 16u, 30u, 64u, 100000u}) {
    SymbolMerger merger(std::pmr::new_delete_resource(), window);
    const auto& symbols = merger.merge(pairs, spell, 0, static_cast<std::uint32_t>(text.size()));
    ASSERT_EQ(std::vector<MergeSymbol>(symbols.begin(), symbols.end()), expected)
        << text << " window " << window;
  }
}

TEST(SymbolMerger, WindowsOfAnySizeGiveWhatTheDefinitionGives) {
  for (unsigned seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE(seed);
    const RandomMerges merges(seed);
    std::mt19937 random(seed * 7919);
    std::string text(1 + random() % 160, 'a');
    const std::size_t n_letters = 1 + random() % 3;
    for (char& c : text) c = static_cast<char>('a' + random() % n_letters);
    expect_equal_for_all_windows(merges, PairsByRank{merges}, text);
    expect_equal_for_all_windows(merges, PairsByText{merges, text}, text);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace minnow
