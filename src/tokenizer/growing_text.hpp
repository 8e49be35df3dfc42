// GrowingText: a text that grows or changes near its end, as a conversation does, and its ids. Each
// update tokenizes only from shortly before the first change; the ids are those of the whole.
#pragma once

#include <cstddef>
#include <memory_resource>
#include <span>
#include <vector>

#include "base/status.hpp"
#include "tokenizer/tokenizer.hpp"

namespace minnow {

// Belongs to one thread at a time; the tokenizer must outlive it.
class GrowingText {
 public:
  GrowingText(const Tokenizer& tokenizer, EncodeOptions options, std::pmr::memory_resource* memory);

  // Takes the whole text as it is now and brings the ids up to date. Comparing costs one pass over
  // the bytes; tokenizing starts at the last safe boundary before the first difference in bytes or
  // in whose they are. On failure the text is the one before.
  Status update(std::span<const TextSpan> spans);

  std::span<const Token> tokens() const { return tokens_; }
  // How many tokens at the front are the same as before the last update: what a session need not
  // compute again.
  std::size_t n_kept_tokens() const { return n_kept_tokens_; }
  // How many bytes the last update tokenized.
  std::size_t n_encoded_bytes() const { return n_encoded_bytes_; }

 private:
  using UserRange = Tokenizer::UserRange;

  std::size_t n_common_bytes(const std::pmr::vector<char>& text,
                             const std::pmr::vector<UserRange>& user_ranges) const;

  const Tokenizer& tokenizer_;
  const EncodeOptions options_;
  std::pmr::vector<char> text_;
  std::pmr::vector<UserRange> user_ranges_;
  std::pmr::vector<Token> tokens_;
  std::pmr::vector<SafeBoundary> boundaries_;  // ascending
  std::size_t n_kept_tokens_ = 0;
  std::size_t n_encoded_bytes_ = 0;
};

}  // namespace minnow
