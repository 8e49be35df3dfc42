// Building the vocabulary. Opening a model is dominated by this loop over up to 262,144 tokens, so
// texts go into one blob and ids into one open-addressing table: a map of strings took ten times
// as long.
#include "tokenizer/vocabulary.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "tokenizer/utf8.hpp"

namespace minnow {
namespace {

constexpr std::string_view kSpaceMark = "\xE2\x96\x81";  // U+2581

// GPT-2 writes a byte as the character of its own number when that is printable, and the others, in
// order, from U+0100 on. Returns the byte, or -1 for a character outside that alphabet.
int byte_of_letter(char32_t code) {
  if ((code >= 0x21 && code <= 0x7E) || (code >= 0xA1 && code <= 0xFF && code != 0xAD)) {
    return static_cast<int>(code);
  }
  if (code < 0x100) return -1;
  const int rank = static_cast<int>(code) - 0x100;  // rank among the bytes that are not printable
  if (rank < 0x21) return rank;                     // 0x00 to 0x20
  if (rank < 0x43) return rank - 0x21 + 0x7F;       // 0x7F to 0xA0
  return rank == 0x43 ? 0xAD : -1;
}

void append_marked(std::string_view raw, std::pmr::vector<char>* out) {
  for (std::size_t at = 0; at < raw.size();) {
    if (raw[at] == kSpaceMark[0] && raw.substr(at, kSpaceMark.size()) == kSpaceMark) {
      out->push_back(' ');
      at += kSpaceMark.size();
    } else {
      out->push_back(raw[at++]);
    }
  }
}

// A character outside the byte alphabet stands for itself.
void append_byte_level(std::string_view raw, std::pmr::vector<char>* out) {
  for (std::size_t at = 0; at < raw.size();) {
    const Utf8Char c = decode_utf8(raw.data() + at, raw.size() - at);
    const int byte = c.valid ? byte_of_letter(c.code) : -1;
    if (byte >= 0) {
      out->push_back(static_cast<char>(byte));
    } else {
      out->insert(out->end(), raw.begin() + static_cast<std::ptrdiff_t>(at),
                  raw.begin() + static_cast<std::ptrdiff_t>(at + c.n_bytes));
    }
    at += c.n_bytes;
  }
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// Returns the byte that "<0x0A>" names, or -1. Strict: files have come with "<0x-1>".
int byte_of_hex(std::string_view raw) {
  if (raw.size() != 6 || raw.substr(0, 3) != "<0x" || raw[5] != '>') return -1;
  const int high = hex_digit(raw[3]), low = hex_digit(raw[4]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool in_text_table(TokenType type) {
  return type != TokenType::kControl && type != TokenType::kUnknown && type != TokenType::kByte;
}

TokenType type_from_file(std::int32_t value) {
  return value >= 2 && value <= 6 ? static_cast<TokenType>(value) : TokenType::kNormal;
}

}  // namespace

void append_piece_text(std::string_view raw, PieceForm form, std::pmr::vector<char>* out) {
  if (form == PieceForm::kByteLevel) {
    append_byte_level(raw, out);
  } else {
    append_marked(raw, out);
  }
}

Vocabulary::Vocabulary(std::pmr::memory_resource* memory)
    : blob_(memory), starts_(memory), types_(memory), scores_(memory), slots_(memory) {
  std::fill(std::begin(byte_tokens_), std::end(byte_tokens_), kNoToken);
}

void Vocabulary::append_text(std::string_view raw, TokenType type, PieceForm form) {
  if (type == TokenType::kByte) {
    const int byte = byte_of_hex(raw);
    if (byte >= 0) {
      blob_.push_back(static_cast<char>(byte));
      return;
    }
  }
  const bool as_it_stands = type == TokenType::kControl || type == TokenType::kUnknown ||
                            (type == TokenType::kUserDefined && form == PieceForm::kByteLevel);
  if (as_it_stands) {
    blob_.insert(blob_.end(), raw.begin(), raw.end());
  } else {
    append_piece_text(raw, form, &blob_);
  }
}

void Vocabulary::insert(Token token) {
  const std::string_view piece = text(token);
  if (piece.empty()) return;
  const std::uint64_t hash = hash_text(piece);
  const auto tag = static_cast<std::uint32_t>(hash >> 32);
  for (std::size_t slot = hash & slot_mask_;; slot = (slot + 1) & slot_mask_) {
    Slot& entry = slots_[slot];
    if (entry.token == kNoToken) {
      entry = {tag, token};
      return;
    }
    if (entry.tag != tag || text(entry.token) != piece) continue;
    // Two spellings of one text: the one that merges make wins, then the first.
    if (type(entry.token) != TokenType::kNormal && type(token) == TokenType::kNormal) {
      entry.token = token;
    }
    return;
  }
}

void Vocabulary::build(const VocabularySource& source, PieceForm form) {
  const std::size_t n = source.tokens.size();
  std::size_t n_bytes = 0;
  for (const std::string_view token : source.tokens) n_bytes += token.size();
  blob_.reserve(n_bytes);
  starts_.reserve(n + 1);
  types_.reserve(n);
  scores_.assign(source.scores.begin(), source.scores.end());
  starts_.push_back(0);
  for (std::size_t i = 0; i < n; ++i) {
    TokenType type = source.types.empty() ? TokenType::kNormal : type_from_file(source.types[i]);
    if (source.types.empty() && form == PieceForm::kMarkedSpaces &&
        byte_of_hex(source.tokens[i]) >= 0) {
      type = TokenType::kByte;
    }
    append_text(source.tokens[i], type, form);
    types_.push_back(static_cast<std::uint8_t>(type));
    max_text_bytes_ = std::max<std::size_t>(max_text_bytes_, blob_.size() - starts_.back());
    starts_.push_back(static_cast<std::uint32_t>(blob_.size()));
  }
  slots_.assign(std::bit_ceil(n + n / 2 + 2), Slot{});
  slot_mask_ = slots_.size() - 1;
  for (std::size_t i = 0; i < n; ++i) {
    if (in_text_table(static_cast<TokenType>(types_[i]))) insert(static_cast<Token>(i));
  }
  find_byte_tokens(form);
}

void Vocabulary::find_byte_tokens(PieceForm form) {
  for (std::size_t i = types_.size(); i-- > 0;) {
    const std::string_view piece = text(static_cast<Token>(i));
    if (static_cast<TokenType>(types_[i]) == TokenType::kByte && piece.size() == 1) {
      byte_tokens_[static_cast<unsigned char>(piece[0])] = static_cast<Token>(i);
    }
  }
  for (int byte = 0; byte < 256; ++byte) {
    if (byte_tokens_[byte] != kNoToken && form == PieceForm::kMarkedSpaces) continue;
    const char one = static_cast<char>(byte);
    const Token token = find(&one, 1);
    if (token != kNoToken) byte_tokens_[byte] = token;
  }
}

bool Vocabulary::has_all_bytes() const {
  return std::none_of(std::begin(byte_tokens_), std::end(byte_tokens_),
                      [](Token token) { return token == kNoToken; });
}

}  // namespace minnow
