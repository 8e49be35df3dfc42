// WordCache: the ids of words seen earlier in the same text. An entry points at a copy of the word
// and at its ids in the output; a collision costs only the word it replaces. Natural text repeats
// nine words in ten, and a repeated word needs no merging.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory_resource>
#include <string_view>
#include <vector>

#include "base/token.hpp"
#include "tokenizer/text_hash.hpp"

namespace minnow {

// For one output vector, which must only grow while the cache is used.
class WordCache {
 public:
  explicit WordCache(std::pmr::memory_resource* memory) : entries_(memory), texts_(memory) {}

  // Forgets everything. Short texts get no cache: they end before it pays.
  void start(std::size_t n_text_bytes) {
    entries_.clear();
    texts_.clear();
    if (n_text_bytes >= kWorthwhileBytes) entries_.resize(kEntries);
  }

  // Appends the ids of the word when they are known; otherwise returns false and remembers where
  // store() shall keep them.
  bool append_known(std::string_view word, std::pmr::vector<Token>* out) {
    pending_ = nullptr;
    if (entries_.empty() || word.size() > kLongestWord) return false;
    Entry& entry = entries_[hash_text(word) % kEntries];
    if (entry.n_bytes == word.size() &&
        std::memcmp(texts_.data() + entry.text, word.data(), word.size()) == 0) {
      for (std::size_t i = 0; i < entry.n_tokens; ++i) {
        const Token token = (*out)[entry.first_token + i];
        out->push_back(token);
      }
      return true;
    }
    pending_ = &entry;
    first_token_ = out->size();
    return false;
  }

  // Keeps what was appended to `out` since append_known returned false for this word.
  void store(std::string_view word, const std::pmr::vector<Token>& out) {
    if (pending_ == nullptr) return;
    if (texts_.size() + word.size() > kMaxTextBytes) {
      entries_.assign(kEntries, Entry{});
      texts_.clear();
    }
    *pending_ = {static_cast<std::uint32_t>(texts_.size()), static_cast<std::uint16_t>(word.size()),
                 static_cast<std::uint16_t>(out.size() - first_token_), first_token_};
    texts_.insert(texts_.end(), word.begin(), word.end());
  }

 private:
  static constexpr std::size_t kWorthwhileBytes = 1024;
  static constexpr std::size_t kEntries = 4096;
  static constexpr std::size_t kLongestWord = 64;
  static constexpr std::size_t kMaxTextBytes = std::size_t{1} << 20;

  struct Entry {
    std::uint32_t text = 0;     // offset into texts_
    std::uint16_t n_bytes = 0;  // 0: empty
    std::uint16_t n_tokens = 0;
    std::size_t first_token = 0;
  };

  std::pmr::vector<Entry> entries_;
  std::pmr::vector<char> texts_;
  Entry* pending_ = nullptr;
  std::size_t first_token_ = 0;
};

}  // namespace minnow
