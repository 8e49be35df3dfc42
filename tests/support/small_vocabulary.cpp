// Vocabularies written out.
#include "support/small_vocabulary.hpp"

#include "tokenizer/utf8.hpp"

namespace minnow::testing {

void SmallVocabulary::add_bytes(bool byte_level) {
  int n_hidden = 0;
  for (int byte = 0; byte < 256; ++byte) {
    if (byte_level) {
      const bool shown = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD);
      char text[kMaxUtf8Bytes];
      const std::size_t n =
          encode_utf8(static_cast<char32_t>(shown ? byte : 256 + n_hidden++), text);
      add(std::string(text, n));
    } else {
      const char* digits = "0123456789ABCDEF";
      add(std::string("<0x") + digits[byte / 16] + digits[byte % 16] + ">", TokenType::kByte);
    }
  }
}

VocabularySource SmallVocabulary::source() {
  token_views_.assign(tokens.begin(), tokens.end());
  merge_views_.assign(merges.begin(), merges.end());
  VocabularySource made = rest;
  made.model = model;
  made.pre = pre;
  made.tokens = token_views_;
  made.scores = scores;
  made.types = types;
  made.merges = merge_views_;
  made.precompiled_charsmap = charsmap;
  return made;
}

SmallVocabulary small_spm() {
  SmallVocabulary made;
  made.model = "llama";
  made.add("<unk>", TokenType::kUnknown);
  made.add("<s>", TokenType::kControl);
  made.add("</s>", TokenType::kControl);
  made.add_bytes(false);
  made.add("<|im_end|>", TokenType::kControl);
  const char* const kPieces[] = {
      "\u2581", "H",       "e",  "l",  "o",    "w",     "r",           "d",         "ll",
      "He",     "\u2581w", "or", "ld", "Hell", "Hello", "\u2581Hello", "\u2581wor", "\u2581world"};
  float score = 0.0f;
  for (const char* piece : kPieces) made.add(piece, TokenType::kNormal, score -= 1.0f);
  return made;
}

SmallVocabulary small_byte_level() {
  SmallVocabulary made;
  made.model = "gpt2";
  made.pre = "gpt-2";
  made.add_bytes(true);
  for (const char* merge : {"h e", "l l", "he ll", "hell o", "\u0120 w", "o r", "\u0120w or", "l d",
                            "\u0120wor ld", "a a", "aa aa"}) {
    made.merges.push_back(merge);
    std::string joined = merge;
    joined.erase(joined.find(' ', 1), 1);
    made.add(joined);
  }
  made.add("<|endoftext|>", TokenType::kControl);
  made.add("<|im_start|>", TokenType::kControl);
  made.add("<|im_end|>", TokenType::kControl);
  made.add("<tool>", TokenType::kUserDefined);
  made.rest.ids.eos = static_cast<std::int64_t>(made.tokens.size()) - 4;
  return made;
}

}  // namespace minnow::testing
