// Tokenizer: text to token ids and back, for one model's vocabulary.
//
// Text is bytes. What is not UTF-8 is encoded all the same: byte-level and SentencePiece models
// keep the bytes, WordPiece drops them and Unigram reads U+FFFD (utf8.hpp has valid_utf8_bytes for
// callers who would rather refuse). A control token comes out of encode only where the caller
// allows it: with parse_special, and outside spans marked as a user's.
#pragma once

#include <cstddef>
#include <memory>
#include <memory_resource>
#include <span>
#include <string_view>
#include <vector>

#include "base/status.hpp"
#include "base/token.hpp"
#include "tokenizer/tokenizer_parts.hpp"
#include "tokenizer/vocabulary_source.hpp"

namespace minnow {

struct EncodeOptions {
  bool add_special = true;     // BOS, EOS, [CLS] and [SEP], as the model wants them
  bool parse_special = false;  // control tokens written out in the text become tokens
};

// A piece of a text and where it comes from. Control tokens match only where no byte is a user's;
// merges run across the borders as if they were not there.
struct TextSpan {
  std::string_view text;
  bool is_user = false;
};

// The longest text that encode takes.
inline constexpr std::size_t kMaxTextBytes = (std::size_t{1} << 31) - 2;

// Immutable after build; all members may be called from many threads at once.
class Tokenizer {
 public:
  // Builds from a file's vocabulary, which need not live longer than this call. The tables live in
  // `memory`, which must outlive the tokenizer. Returns kUnsupported for a model or pre-tokenizer
  // that is not known, kBadFile for a damaged vocabulary; one message names all that is wrong.
  static Status build(const VocabularySource& source, std::pmr::memory_resource* memory,
                      std::unique_ptr<const Tokenizer>* out);

  // Replaces *out by the ids of the text. Working memory comes from out's own allocator. A BOS is
  // not added when the text already begins with one. Returns kInvalidArgument for a text above
  // kMaxTextBytes. Linear in the text, but for n log n merging inside one endless word.
  Status encode(std::string_view text, EncodeOptions options, std::pmr::vector<Token>* out) const;
  Status encode(std::span<const TextSpan> spans, EncodeOptions options,
                std::pmr::vector<Token>* out) const;

  // Returns the bytes that a token stands for in text, valid as long as the tokenizer: "" for
  // control and unknown tokens and for ids that do not exist. Bytes of one character may be spread
  // over tokens; StreamingDetokenizer joins them.
  std::string_view piece(Token token) const;
  // The same, but with the texts of control tokens ("<|im_end|>").
  std::string_view piece_with_special(Token token) const;
  // Returns the token with exactly this text, control tokens included, or kNoToken.
  Token find(std::string_view text) const;

  std::size_t n_vocab() const { return parts_.vocabulary.n_tokens(); }
  bool is_control(Token token) const;  // control or unknown; false for ids that do not exist
  // True for every token that ends a generation: EOS, end of turn or message, and their well-known
  // texts.
  bool is_end(Token token) const;
  std::span<const Token> end_tokens() const { return parts_.end_tokens; }  // ascending
  const SpecialTokens& special() const { return parts_.special; }
  bool adds_bos() const { return parts_.add_bos; }
  bool adds_eos() const { return parts_.add_eos; }
  // True when a text, and each text behind a special token, is given a space in front. The
  // detokenizer takes that space away again.
  bool adds_space_prefix() const { return parts_.add_space_prefix; }
  std::string_view model_name() const { return parts_.model->name; }
  std::size_t max_piece_bytes() const { return parts_.vocabulary.max_text_bytes(); }

  // ---- for GrowingText ----

  // A stretch of a text, [begin, end), that is a user's.
  struct UserRange {
    std::size_t begin, end;
  };
  // Where an encoding starts in a text whose beginning is encoded already.
  struct Resume {
    std::size_t text_offset = 0;
    bool after_special = true;  // as SafeBoundary::after_special; true at the beginning
  };
  // Appends the ids of text[from.text_offset, end) and, unless nullptr, the boundaries on the way.
  // `user_ranges` ascend and do not touch.
  Status append_encoded(std::string_view text, std::span<const UserRange> user_ranges, Resume from,
                        EncodeOptions options, std::pmr::vector<Token>* out,
                        std::pmr::vector<SafeBoundary>* boundaries) const;
  // How many bytes behind a boundary must be the same for it to hold.
  std::size_t boundary_margin() const {
    return parts_.special_texts.max_bytes() + Charsmap::kMaxMatchBytes;
  }

 private:
  explicit Tokenizer(std::pmr::memory_resource* memory) : parts_(memory) {}

  TokenizerParts parts_;
};

// Joins spans to one text; *text and *user_ranges are empty before. Returns kInvalidArgument above
// kMaxTextBytes.
Status join_spans(std::span<const TextSpan> spans, std::pmr::vector<char>* text,
                  std::pmr::vector<Tokenizer::UserRange>* user_ranges);

}  // namespace minnow
