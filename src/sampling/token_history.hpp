// TokenHistory: the last tokens of a sequence, and how often each occurs in a window of them.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <vector>

#include "base/token.hpp"
#include "sampling/token_table.hpp"

namespace minnow {

class TokenHistory {
 public:
  // Remembers `capacity` tokens and counts the last `count_window` of them (at most capacity).
  TokenHistory(size_t capacity, size_t count_window, std::pmr::memory_resource* memory)
      : ring_(capacity, kNoToken, memory), counts_(count_window, memory), window_(count_window) {}

  void push(Token token) {
    if (ring_.empty()) return;
    if (window_ > 0) {
      if (size_ >= window_) forget(from_end(window_ - 1));
      ++counts_[token];
    }
    ring_[next_] = token;
    next_ = next_ + 1 == ring_.size() ? 0 : next_ + 1;
    if (size_ < ring_.size()) ++size_;
  }

  void clear() {
    size_ = next_ = 0;
    counts_.clear();
  }

  size_t size() const { return size_; }
  size_t capacity() const { return ring_.size(); }

  // from_end(0) is the newest token; i < size().
  Token from_end(size_t i) const {
    return ring_[next_ > i ? next_ - 1 - i : next_ + ring_.size() - 1 - i];
  }

  // Token to occurrences in the window.
  const TokenTable& counts() const { return counts_; }

 private:
  void forget(Token token) {
    if (--counts_[token] == 0) counts_.erase(token);
  }

  std::pmr::vector<Token> ring_;
  size_t size_ = 0;
  size_t next_ = 0;
  TokenTable counts_;
  size_t window_;
};

}  // namespace minnow
