// SmallVocabulary: a vocabulary written out in a test, for what real ones do not show.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/tokenizer.hpp"

namespace minnow::testing {

// Owns the strings that its VocabularySource points to. Members may be changed before source().
struct SmallVocabulary {
  std::string model, pre;
  std::vector<std::string> tokens;
  std::vector<float> scores;
  std::vector<std::int32_t> types;
  std::vector<std::string> merges;
  std::string charsmap;
  VocabularySource rest;  // ids and switches

  // Adds a token; returns its id.
  Token add(std::string text, TokenType type = TokenType::kNormal, float score = 0.0f) {
    tokens.push_back(std::move(text));
    types.push_back(static_cast<std::int32_t>(type));
    scores.push_back(score);
    return static_cast<Token>(tokens.size() - 1);
  }
  // Adds <0x00> to <0xFF>, or, for byte-level models, the 256 letters.
  void add_bytes(bool byte_level);

  // The views hold until the members change.
  VocabularySource source();
  Status build(std::unique_ptr<const Tokenizer>* out) {
    return Tokenizer::build(source(), std::pmr::new_delete_resource(), out);
  }

 private:
  std::vector<std::string_view> token_views_, merge_views_;
};

// "llama" with all bytes, words of "Hello world", and the control tokens <s>, </s>, <|im_end|>.
SmallVocabulary small_spm();
// "gpt2" with all bytes, a few merges, and the control tokens <|endoftext|>, <|im_start|>,
// <|im_end|>; <tool> is user-defined.
SmallVocabulary small_byte_level();

}  // namespace minnow::testing
