#include "sampling/dry_breakers.hpp"

#include <algorithm>

namespace minnow {

void DryBreakers::add(std::span<const Token> sequence) {
  if (sequence.empty()) return;
  const std::span<const Token> tail = sequence.subspan(1, std::min(sequence.size() - 1, kMaxTail));
  const auto place = std::lower_bound(entries_.begin(), entries_.end(), sequence[0],
                                      [](const Entry& e, Token head) { return e.head < head; });
  for (auto same = place; same != entries_.end() && same->head == sequence[0]; ++same) {
    const auto begin = tails_.begin() + same->tail_begin;
    if (std::equal(begin, begin + same->n_tail, tail.begin(), tail.end())) return;
  }
  const auto tail_begin = static_cast<std::uint32_t>(tails_.size());
  tails_.insert(tails_.end(), tail.begin(), tail.end());
  entries_.insert(place, {sequence[0], tail_begin, static_cast<std::uint32_t>(tail.size())});
}

void DryBreakers::add_texts(std::span<const std::string> texts, const VocabTexts& vocab) {
  std::vector<Token> sequence;
  std::vector<Token> tail;
  for (const std::string& whole : texts) {
    const std::string_view breaker = std::string_view(whole).substr(0, kMaxTextBytes);
    if (breaker.empty()) continue;
    for (Token token = 0; token < vocab.n_vocab; ++token) {
      const std::string text(vocab.text(vocab.self, token));
      if (text.find(breaker) != std::string::npos) {
        add({&token, 1});
        continue;
      }
      // Does the token end with the beginning of the breaker?
      for (size_t n = 1; n < breaker.size() && n <= text.size(); ++n) {
        if (std::string_view(text).substr(text.size() - n) != breaker.substr(0, n)) continue;
        tail.clear();
        vocab.tokenize(vocab.self, breaker.substr(n), &tail);
        sequence.assign(1, token);
        sequence.insert(sequence.end(), tail.begin(), tail.end());
        add(sequence);
      }
    }
  }
}

bool DryBreakers::is_single(Token token) const {
  return match(token, {}) == 0;
}

int DryBreakers::match(Token head, std::span<const Token> following) const {
  int longest = -1;
  auto entry = std::lower_bound(entries_.begin(), entries_.end(), head,
                                [](const Entry& e, Token wanted) { return e.head < wanted; });
  for (; entry != entries_.end() && entry->head == head; ++entry) {
    if (entry->n_tail > following.size()) continue;
    const auto begin = tails_.begin() + entry->tail_begin;
    if (std::equal(begin, begin + entry->n_tail, following.begin())) {
      longest = std::max(longest, static_cast<int>(entry->n_tail));
    }
  }
  return longest;
}

}  // namespace minnow
