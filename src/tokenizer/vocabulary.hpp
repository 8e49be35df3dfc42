// Vocabulary: the pieces of a model as bytes of text, with their types and scores, and the way back
// from text to id. Pieces are stored as they appear in text: U+2581 as a space, byte-level letters
// as the bytes they stand for, <0x0A> as the byte itself. What the encoders share stands here; how
// a model kind splits text does not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <string_view>
#include <vector>

#include "base/status.hpp"
#include "base/token.hpp"
#include "tokenizer/text_hash.hpp"
#include "tokenizer/vocabulary_source.hpp"

namespace minnow {

// How a file writes the text of a normal token.
enum class PieceForm : std::uint8_t {
  kMarkedSpaces,  // U+2581 for a space, <0xNN> for bytes
  kByteLevel,     // each byte as one printable character, as GPT-2 does
};

// Immutable after build; safe to share between threads.
class Vocabulary {
 public:
  explicit Vocabulary(std::pmr::memory_resource* memory);

  // Takes over tokens, types and scores. The source's arrays have been checked to be of one length.
  void build(const VocabularySource& source, PieceForm form);

  std::size_t n_tokens() const { return types_.size(); }
  bool has(Token token) const {
    return token >= 0 && static_cast<std::size_t>(token) < types_.size();
  }

  // These take only ids below n_tokens.
  std::string_view text(Token token) const {
    const auto i = static_cast<std::size_t>(token);
    return {blob_.data() + starts_[i], starts_[i + 1] - starts_[i]};
  }
  TokenType type(Token token) const {
    return static_cast<TokenType>(types_[static_cast<std::size_t>(token)]);
  }
  float score(Token token) const {
    return scores_.empty() ? 0.0f : scores_[static_cast<std::size_t>(token)];
  }

  // Returns the token whose text this is, or kNoToken. Control, unknown and byte tokens are never
  // found: no text merges into them.
  Token find(const char* text, std::size_t n_bytes) const {
    return find_hashed(text, n_bytes, hash_text(text, n_bytes));
  }
  Token find(std::string_view text) const { return find(text.data(), text.size()); }

  // The same in steps, for callers with many texts at hand: the memory that find_hashed will need
  // is fetched while others are worked on.
  void prefetch_slot(std::uint64_t hash) const { __builtin_prefetch(&slots_[hash & slot_mask_]); }
  void prefetch_text(std::uint64_t hash) const {
    const Token token = slots_[hash & slot_mask_].token;
    if (token != kNoToken) __builtin_prefetch(&starts_[static_cast<std::size_t>(token)]);
  }
  Token find_hashed(const char* text, std::size_t n_bytes, std::uint64_t hash) const {
    for (std::size_t slot = hash & slot_mask_;; slot = (slot + 1) & slot_mask_) {
      const Slot& entry = slots_[slot];
      if (entry.token == kNoToken) return kNoToken;
      if (entry.tag != static_cast<std::uint32_t>(hash >> 32)) continue;
      if (this->text(entry.token) == std::string_view(text, n_bytes)) return entry.token;
    }
  }

  // Returns the token that stands for this one byte, or kNoToken.
  Token byte_token(unsigned char byte) const { return byte_tokens_[byte]; }
  bool has_all_bytes() const;
  std::size_t max_text_bytes() const { return max_text_bytes_; }

 private:
  struct Slot {
    std::uint32_t tag = 0;
    Token token = kNoToken;
  };

  void append_text(std::string_view raw, TokenType type, PieceForm form);
  void insert(Token token);
  void find_byte_tokens(PieceForm form);

  std::pmr::vector<char> blob_;
  std::pmr::vector<std::uint32_t> starts_;  // [n_tokens + 1] offsets into blob_
  std::pmr::vector<std::uint8_t> types_;    // [n_tokens]
  std::pmr::vector<float> scores_;          // [n_tokens] or empty
  std::pmr::vector<Slot> slots_;            // open addressing, a power of two
  std::size_t slot_mask_ = 0;
  std::size_t max_text_bytes_ = 0;
  Token byte_tokens_[256];
};

// Appends the text that a merge's half or a normal token stands for in `form` to `out`.
void append_piece_text(std::string_view raw, PieceForm form, std::pmr::vector<char>* out);

}  // namespace minnow
