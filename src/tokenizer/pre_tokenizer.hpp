// PreTokenizer: how byte-level BPE cuts text into words before it merges. A row of
// pre_tokenizers.inc names the scanners; WordSplitter runs them without a regular-expression
// engine, in linear time and without recursion.
#pragma once

#include <cstddef>
#include <string_view>

#include "tokenizer/scan_text.hpp"

namespace minnow {

inline constexpr std::size_t kMaxScanStages = 6;

struct PreTokenizer {
  std::string_view name;
  bool whole_words;  // a word that is a token is not merged from its bytes
  bool add_bos;
  std::size_t n_stages;
  WordScanner stages[kMaxScanStages];
};

// Returns the row of this name, or nullptr.
const PreTokenizer* find_pre_tokenizer(std::string_view name);

// The scanner of newline runs alone, for models that merge over whole lines.
const PreTokenizer& line_pre_tokenizer();

// Cuts `text` into words, in order. Each stage cuts what the stage before left whole; `ends_` holds
// where the current piece of each stage ends.
class WordSplitter {
 public:
  WordSplitter(const PreTokenizer& rules, std::string_view text) : rules_(rules), text_(text) {}

  // Returns the next word as offsets into the text; false behind the last one.
  bool next(std::size_t* begin, std::size_t* end) {
    if (at_ == text_.size()) return false;
    const std::size_t n = rules_.n_stages;
    std::size_t stage = n;
    while (stage > 0 && ends_[stage - 1] == at_) --stage;
    for (; stage < n; ++stage) {
      const std::size_t limit = stage == 0 ? text_.size() : ends_[stage - 1];
      ends_[stage] = rules_.stages[stage]({text_.data(), limit}, at_);
    }
    *begin = at_;
    *end = at_ = ends_[n - 1];
    return true;
  }

 private:
  const PreTokenizer& rules_;
  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t ends_[kMaxScanStages] = {};
};

}  // namespace minnow
