// Joining pieces to characters.
#include "tokenizer/streaming_detokenizer.hpp"

#include <algorithm>
#include <cstring>

#include "tokenizer/utf8.hpp"

namespace minnow {
namespace {

constexpr std::string_view kReplacementText = "\xEF\xBF\xBD";

// Returns the token's text, without the space that encode puts behind a special token. *strip_space
// says whether that space is expected, and is brought up to date.
std::string_view next_piece(const Tokenizer& tokenizer, Token token, bool write_special,
                            bool* strip_space) {
  if (tokenizer.is_control(token)) {
    *strip_space = tokenizer.adds_space_prefix();
    return write_special ? tokenizer.piece_with_special(token) : std::string_view();
  }
  std::string_view piece = tokenizer.piece(token);
  if (*strip_space && !piece.empty()) {
    if (piece[0] == ' ') piece.remove_prefix(1);
    *strip_space = false;
  }
  return piece;
}

}  // namespace

StreamingDetokenizer::StreamingDetokenizer(const Tokenizer& tokenizer, DetokenizeOptions options,
                                           std::pmr::memory_resource* memory)
    : tokenizer_(tokenizer),
      options_(options),
      strip_space_(options.at_text_start && tokenizer.adds_space_prefix()),
      bytes_(memory),
      text_(memory) {
  bytes_.resize(kMaxUtf8Bytes + tokenizer.max_piece_bytes());
  text_.resize(bytes_.size() * kReplacementText.size());
}

std::string_view StreamingDetokenizer::push(Token token) {
  const std::string_view piece =
      next_piece(tokenizer_, token, options_.write_special, &strip_space_);
  std::copy(piece.begin(), piece.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(n_pending_));
  n_bytes_ = n_pending_ + piece.size();
  take(false);
  return {text_.data(), n_text_};
}

std::string_view StreamingDetokenizer::finish() {
  n_bytes_ = n_pending_;
  take(true);
  strip_space_ = options_.at_text_start && tokenizer_.adds_space_prefix();
  return {text_.data(), n_text_};
}

// Moves whole characters from bytes_ to text_ and keeps the beginning of one.
void StreamingDetokenizer::take(bool at_end) {
  n_text_ = 0;
  std::size_t at = 0;
  while (at < n_bytes_) {
    const Utf8Char c = decode_utf8(bytes_.data() + at, n_bytes_ - at);
    if (!c.valid && !at_end && is_utf8_beginning(bytes_.data() + at, n_bytes_ - at)) break;
    const std::string_view text =
        c.valid ? std::string_view(bytes_.data() + at, c.n_bytes) : kReplacementText;
    std::memcpy(text_.data() + n_text_, text.data(), text.size());
    n_text_ += text.size();
    at += c.n_bytes;
  }
  n_pending_ = n_bytes_ - at;
  std::memmove(bytes_.data(), bytes_.data() + at, n_pending_);
}

void decode_bytes(const Tokenizer& tokenizer, std::span<const Token> tokens,
                  DetokenizeOptions options, std::pmr::vector<char>* out) {
  bool strip_space = options.at_text_start && tokenizer.adds_space_prefix();
  for (const Token token : tokens) {
    const std::string_view piece =
        next_piece(tokenizer, token, options.write_special, &strip_space);
    out->insert(out->end(), piece.begin(), piece.end());
  }
}

}  // namespace minnow
