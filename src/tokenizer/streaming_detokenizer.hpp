// StreamingDetokenizer: tokens in, whole UTF-8 characters out. A character whose bytes are spread
// over tokens is held back until it is whole; bytes that can never become one come out as U+FFFD.
#pragma once

#include <cstddef>
#include <memory_resource>
#include <string_view>
#include <vector>

#include "tokenizer/tokenizer.hpp"

namespace minnow {

struct DetokenizeOptions {
  bool write_special = false;  // control tokens are written out
  // The text starts here, so the space that encode put in front is taken away. Off for an answer
  // that continues a text.
  bool at_text_start = true;
};

// Belongs to one thread at a time; the tokenizer must outlive it. Memory is taken at construction,
// none is allocated afterwards.
class StreamingDetokenizer {
 public:
  StreamingDetokenizer(const Tokenizer& tokenizer, DetokenizeOptions options,
                       std::pmr::memory_resource* memory);

  // Returns the text that `token` completes: valid UTF-8, possibly empty, valid until the next
  // call.
  std::string_view push(Token token);
  // Returns what is left, U+FFFD for a character that never became whole, and starts anew.
  std::string_view finish();

 private:
  void take(bool at_end);

  const Tokenizer& tokenizer_;
  const DetokenizeOptions options_;
  bool strip_space_;
  std::size_t n_pending_ = 0;     // bytes of bytes_ that wait for more
  std::pmr::vector<char> bytes_;  // pending bytes and the newest piece
  std::pmr::vector<char> text_;   // what the last call returned
  std::size_t n_bytes_ = 0;
  std::size_t n_text_ = 0;
};

// Appends the text of all tokens to *out: bytes as they are, without repair, so that encoding and
// decoding give back what was put in.
void decode_bytes(const Tokenizer& tokenizer, std::span<const Token> tokens,
                  DetokenizeOptions options, std::pmr::vector<char>* out);

}  // namespace minnow
