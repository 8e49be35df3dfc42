// Encoding: special tokens are found first, leftmost and longest; the text between them goes to the
// encoder of the model kind.
#include "tokenizer/tokenizer.hpp"

#include <algorithm>

namespace minnow {
namespace {

using UserRange = Tokenizer::UserRange;

// A special token in the text; token is kNoToken when there is none.
struct SpecialMatch {
  std::size_t begin = 0, end = 0;
  Token token = kNoToken;
};

// Finds special tokens from left to right.
class SpecialFinder {
 public:
  SpecialFinder(const TokenizerParts& parts, std::string_view text,
                std::span<const UserRange> user_ranges, bool parse_special)
      : parts_(parts), text_(text), user_(user_ranges), parse_special_(parse_special) {}

  // Returns the first match that begins at `from` or later. Successive calls must not go back.
  SpecialMatch next(std::size_t from) {
    if (parts_.special_texts.empty()) return {};
    for (std::size_t at = from; at < text_.size(); ++at) {
      if (!parts_.special_texts.starts_with(static_cast<unsigned char>(text_[at]))) continue;
      const SpecialMatch match = longest_at(at);
      if (match.token != kNoToken) return match;
    }
    return {};
  }

 private:
  SpecialMatch longest_at(std::size_t at) {
    SpecialMatch longest;
    TextTrie::Node node = TextTrie::kRoot;
    for (std::size_t i = at; i < text_.size(); ++i) {
      node = parts_.special_texts.child(node, static_cast<unsigned char>(text_[i]));
      if (node == TextTrie::kNoNode) break;
      const Token token = parts_.special_texts.token(node);
      if (token != kNoToken && allowed(token, at, i + 1)) longest = {at, i + 1, token};
    }
    return longest;
  }

  // User-defined tokens match anywhere, others only where the caller parses special tokens and none
  // of their bytes is a user's.
  bool allowed(Token token, std::size_t begin, std::size_t end) {
    if (parts_.vocabulary.type(token) == TokenType::kUserDefined) return true;
    if (!parse_special_) return false;
    while (next_user_ < user_.size() && user_[next_user_].end <= begin) ++next_user_;
    return next_user_ == user_.size() || user_[next_user_].begin >= end;
  }

  const TokenizerParts& parts_;
  const std::string_view text_;
  const std::span<const UserRange> user_;
  const bool parse_special_;
  std::size_t next_user_ = 0;
};

}  // namespace

Status Tokenizer::append_encoded(std::string_view text, std::span<const UserRange> user_ranges,
                                 Resume from, EncodeOptions options, std::pmr::vector<Token>* out,
                                 std::pmr::vector<SafeBoundary>* boundaries) const {
  if (text.size() > kMaxTextBytes) {
    return error(StatusCode::kInvalidArgument, "a text of ", text.size(), " bytes; at most ",
                 kMaxTextBytes, " can be tokenized at once");
  }
  EncodeScratch scratch(out->get_allocator().resource());
  scratch.words.start(text.size() - from.text_offset);
  BoundaryLog log(boundaries);
  BoundaryLog* wanted = boundaries == nullptr ? nullptr : &log;
  SpecialFinder specials(parts_, text, user_ranges, options.parse_special);
  const bool add_bos = options.add_special && parts_.add_bos && from.text_offset == 0 &&
                       parts_.special.bos != kNoToken;
  std::size_t at = from.text_offset;
  bool starts_running_text = from.after_special;
  bool begun = false;
  while (at < text.size() || (add_bos && !begun)) {
    const SpecialMatch match = specials.next(at);
    const std::size_t end = match.token == kNoToken ? text.size() : match.begin;
    const bool has_bos = match.token == parts_.special.bos && end == 0;
    if (add_bos && !begun && !has_bos) out->push_back(parts_.special.bos);
    begun = true;
    if (end > at) {
      parts_.model->encode(
          {parts_, text.substr(at, end - at), at, starts_running_text, scratch, out, wanted});
    }
    if (match.token == kNoToken) break;
    out->push_back(match.token);
    at = match.end;
    starts_running_text = true;
    if (wanted != nullptr) wanted->note(at, out->size(), true);
  }
  if (options.add_special && parts_.add_eos) {
    const bool ends_with_sep = parts_.model->sep != kNoToken && parts_.special.sep != kNoToken;
    const Token last = ends_with_sep ? parts_.special.sep : parts_.special.eos;
    if (last != kNoToken && (out->empty() || out->back() != last)) out->push_back(last);
  }
  return {};
}

Status Tokenizer::encode(std::string_view text, EncodeOptions options,
                         std::pmr::vector<Token>* out) const {
  std::pmr::vector<Token> ids(out->get_allocator());
  MINNOW_TRY(append_encoded(text, {}, {}, options, &ids, nullptr));
  out->swap(ids);
  return {};
}

Status join_spans(std::span<const TextSpan> spans, std::pmr::vector<char>* text,
                  std::pmr::vector<UserRange>* user_ranges) {
  std::size_t n_bytes = 0;
  for (const TextSpan& span : spans) {
    if (span.text.size() > kMaxTextBytes - n_bytes) {
      return error(StatusCode::kInvalidArgument, "a text above ", kMaxTextBytes,
                   " bytes cannot be tokenized at once");
    }
    n_bytes += span.text.size();
  }
  text->reserve(n_bytes);
  for (const TextSpan& span : spans) {
    const std::size_t begin = text->size();
    text->insert(text->end(), span.text.begin(), span.text.end());
    if (!span.is_user || span.text.empty()) continue;
    if (!user_ranges->empty() && user_ranges->back().end == begin) {
      user_ranges->back().end = text->size();
    } else {
      user_ranges->push_back({begin, text->size()});
    }
  }
  return {};
}

Status Tokenizer::encode(std::span<const TextSpan> spans, EncodeOptions options,
                         std::pmr::vector<Token>* out) const {
  std::pmr::vector<char> text(out->get_allocator());
  std::pmr::vector<UserRange> user_ranges(out->get_allocator());
  MINNOW_TRY(join_spans(spans, &text, &user_ranges));
  std::pmr::vector<Token> ids(out->get_allocator());
  MINNOW_TRY(append_encoded({text.data(), text.size()}, user_ranges, {}, options, &ids, nullptr));
  out->swap(ids);
  return {};
}

std::string_view Tokenizer::piece(Token token) const {
  return is_control(token) ? std::string_view() : piece_with_special(token);
}

std::string_view Tokenizer::piece_with_special(Token token) const {
  return parts_.vocabulary.has(token) ? parts_.vocabulary.text(token) : std::string_view();
}

Token Tokenizer::find(std::string_view text) const {
  TextTrie::Node node = TextTrie::kRoot;
  for (const char c : text) {
    node = parts_.special_texts.child(node, static_cast<unsigned char>(c));
    if (node == TextTrie::kNoNode) return parts_.vocabulary.find(text);
  }
  const Token special = parts_.special_texts.token(node);
  return special != kNoToken ? special : parts_.vocabulary.find(text);
}

bool Tokenizer::is_control(Token token) const {
  if (!parts_.vocabulary.has(token)) return false;
  const TokenType type = parts_.vocabulary.type(token);
  return type == TokenType::kControl || type == TokenType::kUnknown;
}

bool Tokenizer::is_end(Token token) const {
  return std::binary_search(parts_.end_tokens.begin(), parts_.end_tokens.end(), token);
}

}  // namespace minnow
