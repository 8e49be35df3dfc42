// Tokens are made on demand, so a long source costs no memory beyond itself.
#include "template/template_lexer.hpp"

#include <algorithm>

#include "template/python_text.hpp"

namespace minnow {
namespace {

constexpr std::size_t kNowhere = std::string_view::npos;

bool is_digit_char(char c) {
  return c >= '0' && c <= '9';
}

bool is_word_char(char c) {
  return is_digit_char(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

std::size_t after_space(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    std::size_t next = at;
    if (!is_space(next_code_point(text, next))) break;
    at = next;
  }
  return at;
}

std::size_t after_digits(std::string_view text, std::size_t at) {
  while (at < text.size() && (is_digit_char(text[at]) || (text[at] == '_' && at + 1 < text.size() &&
                                                          is_digit_char(text[at + 1])))) {
    ++at;
  }
  return at;
}

}  // namespace

std::string normalise_source(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r') {
      out.push_back('\n');
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    } else {
      out.push_back(source[i]);
    }
  }
  if (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

TemplateLexer::TemplateLexer(std::string_view source)
    : source_(source), next_line_end_(std::min(source.find('\n'), source.size())) {}

SourcePosition TemplateLexer::position(std::size_t at) {
  while (next_line_end_ < at) {
    line_begin_ = next_line_end_ + 1;
    ++line_;
    next_line_end_ = std::min(source_.find('\n', line_begin_), source_.size());
  }
  return {line_, static_cast<std::uint32_t>(at - line_begin_ + 1)};
}

Status TemplateLexer::next(TemplateToken* token) {
  return mode_ == Mode::kText ? next_text(token) : next_in_tag(token);
}

// The text from `begin` up to the tag at `tag`, without what the tag's sign or lstrip_blocks
// removes.
std::string_view TemplateLexer::stripped(std::size_t begin, std::size_t tag) const {
  std::string_view text = source_.substr(begin, tag - begin);
  const char sign = tag + 2 < source_.size() ? source_[tag + 2] : ' ';
  if (sign == '-') {
    while (!text.empty()) {
      const std::size_t last = previous_start(text, text.size());
      std::size_t at = last;
      if (!is_space(next_code_point(text, at))) break;
      text = text.substr(0, last);
    }
  } else if (sign != '+' && source_[tag + 1] != '{') {
    const std::size_t line = text.rfind('\n') + 1;  // npos + 1 is 0
    if ((line > 0 || line_starts_) && after_space(text, line) == text.size()) {
      text = text.substr(0, line);
    }
  }
  return text;
}

Status TemplateLexer::next_text(TemplateToken* token) {
  while (true) {
    std::size_t tag = source_.find('{', at_);
    while (tag != kNowhere && (tag + 1 >= source_.size() ||
                               std::string_view("{%#").find(source_[tag + 1]) == kNowhere)) {
      tag = source_.find('{', tag + 1);
    }
    if (tag == kNowhere) {
      *token = {at_ < source_.size() ? TokenType::kText : TokenType::kEnd, source_.substr(at_),
                position(at_)};
      at_ = source_.size();
      return {};
    }
    const std::size_t begin = at_;
    const std::string_view text = stripped(begin, tag);
    at_ = tag;
    if (!text.empty()) {
      // The next call finds the tag right here, with nothing left to strip.
      line_starts_ = false;
      *token = {TokenType::kText, text, position(begin)};
      return {};
    }
    if (source_[tag + 1] == '#') {
      MINNOW_TRY(skip_comment(tag));
      continue;
    }
    if (source_[tag + 1] == '%') {
      const std::size_t raw = raw_tag(tag, "raw", false);
      if (raw != 0) {
        MINNOW_TRY(lex_raw(raw, token));
        if (token->text.empty()) continue;
        return {};
      }
    }
    const bool print = source_[tag + 1] == '{';
    *token = {print ? TokenType::kPrintBegin : TokenType::kBlockBegin, source_.substr(tag, 2),
              position(tag)};
    at_ = tag + 2;
    if (at_ < source_.size() && (source_[at_] == '-' || source_[at_] == '+')) ++at_;
    mode_ = print ? Mode::kPrint : Mode::kBlock;
    return {};
  }
}

// Moves behind a tag's end at `end`, and behind what `sign` or trim_blocks removes there.
void TemplateLexer::finish_tag(std::size_t end, char sign, bool block) {
  at_ = end;
  if (sign == '-') {
    at_ = after_space(source_, end);
  } else if (block && sign != '+' && at_ < source_.size() && source_[at_] == '\n') {
    ++at_;
  }
  line_starts_ = at_ > 0 && source_[at_ - 1] == '\n';
  mode_ = Mode::kText;
}

Status TemplateLexer::skip_comment(std::size_t begin) {
  std::size_t from = begin + 2;
  if (from < source_.size() && (source_[from] == '-' || source_[from] == '+')) ++from;
  const std::size_t end = source_.find("#}", from);
  if (end == kNowhere) {
    const SourcePosition at = position(begin);
    return error(StatusCode::kBadFile, "template line ", at.line, ", column ", at.column,
                 ": missing end of comment");
  }
  finish_tag(end + 2, end > from ? source_[end - 1] : ' ', true);
  return {};
}

std::size_t TemplateLexer::raw_tag(std::size_t tag, std::string_view word, bool trims) const {
  std::size_t at = tag + 2;
  if (at < source_.size() && (source_[at] == '-' || source_[at] == '+')) ++at;
  at = after_space(source_, at);
  if (source_.substr(at, word.size()) != word) return 0;
  at = after_space(source_, at + word.size());
  if (source_.substr(at, 3) == "-%}") return after_space(source_, at + 3);
  if (trims && source_.substr(at, 3) == "+%}") return at + 3;
  if (source_.substr(at, 2) != "%}") return 0;
  at += 2;
  return trims && at < source_.size() && source_[at] == '\n' ? at + 1 : at;
}

Status TemplateLexer::lex_raw(std::size_t inside, TemplateToken* token) {
  const std::size_t begin = at_;
  line_starts_ = source_[inside - 1] == '\n';
  for (std::size_t tag = source_.find("{%", inside); tag != kNowhere;
       tag = source_.find("{%", tag + 2)) {
    const std::size_t behind = raw_tag(tag, "endraw", true);
    if (behind == 0) continue;
    *token = {TokenType::kText, stripped(inside, tag), position(begin)};
    at_ = behind;
    line_starts_ = source_[behind - 1] == '\n';
    return {};
  }
  const SourcePosition at = position(begin);
  return error(StatusCode::kBadFile, "template line ", at.line, ", column ", at.column,
               ": missing end of raw");
}

void TemplateLexer::skip_space() {
  at_ = after_space(source_, at_);
}

bool TemplateLexer::try_tag_end(TemplateToken* token) {
  if (!brackets_.empty()) return false;
  const bool block = mode_ == Mode::kBlock;
  const std::string_view end = block ? "%}" : "}}";
  const char first = source_[at_];
  const bool has_sign = first == '-' || (block && first == '+');
  if (source_.substr(at_ + (has_sign ? 1 : 0), 2) != end) return false;
  *token = {block ? TokenType::kBlockEnd : TokenType::kPrintEnd, rest(2), position(at_)};
  finish_tag(at_ + (has_sign ? 3 : 2), has_sign ? first : ' ', block);
  return true;
}

Status TemplateLexer::next_in_tag(TemplateToken* token) {
  skip_space();
  if (at_ >= source_.size()) {
    *token = {TokenType::kEnd, {}, position(at_)};
    return {};
  }
  if (try_tag_end(token)) return {};
  const char first = source_[at_];
  token->at = position(at_);
  if (is_digit_char(first)) {
    lex_number(token);
    return {};
  }
  if (is_word_char(first)) {
    const std::size_t begin = at_;
    while (at_ < source_.size() && is_word_char(source_[at_])) ++at_;
    token->type = TokenType::kName;
    token->text = source_.substr(begin, at_ - begin);
    return {};
  }
  if (first == '\'' || first == '"') return lex_string(token);
  return lex_sign(token);
}

void TemplateLexer::lex_number(TemplateToken* token) {
  const std::size_t begin = at_;
  token->type = TokenType::kInteger;
  if (source_[at_] == '0' && at_ + 1 < source_.size() &&
      std::string_view("xXoObB").find(source_[at_ + 1]) != kNowhere) {
    at_ += 2;
    while (at_ < source_.size() && is_word_char(source_[at_])) ++at_;
  } else {
    at_ = after_digits(source_, at_);
    const auto digit_at = [this](std::size_t at) {
      return at < source_.size() && is_digit_char(source_[at]);
    };
    // A number behind a dot is an index (a.0.1), not the start of a float.
    const bool index = begin > 0 && source_[begin - 1] == '.';
    if (!index && at_ < source_.size() && source_[at_] == '.' && digit_at(at_ + 1)) {
      token->type = TokenType::kFloat;
      at_ = after_digits(source_, at_ + 1);
    }
    if (!index && at_ < source_.size() && (source_[at_] == 'e' || source_[at_] == 'E')) {
      const bool has_sign =
          at_ + 1 < source_.size() && (source_[at_ + 1] == '+' || source_[at_ + 1] == '-');
      if (digit_at(at_ + (has_sign ? 2 : 1))) {
        token->type = TokenType::kFloat;
        at_ = after_digits(source_, at_ + (has_sign ? 2 : 1));
      }
    }
  }
  token->text = source_.substr(begin, at_ - begin);
}

Status TemplateLexer::lex_string(TemplateToken* token) {
  const char quote = source_[at_];
  std::size_t end = at_ + 1;
  while (end < source_.size() && source_[end] != quote) end += source_[end] == '\\' ? 2 : 1;
  if (end >= source_.size()) {
    return error(StatusCode::kBadFile, "template line ", token->at.line, ", column ",
                 token->at.column, ": a string without end");
  }
  token->type = TokenType::kString;
  token->text = source_.substr(at_ + 1, end - at_ - 1);
  at_ = end + 1;
  return {};
}

Status TemplateLexer::lex_sign(TemplateToken* token) {
  static constexpr std::string_view kLong[] = {"//", "**", "==", "!=", ">=", "<="};
  static constexpr std::string_view kShort = "+-/*%~[](){}=>.:|,;<";
  token->type = TokenType::kSign;
  token->text = rest(1);
  for (const std::string_view sign : kLong) {
    if (rest(2) == sign) token->text = sign;
  }
  const char first = source_[at_];
  if (token->text.size() == 1 && kShort.find(first) == kNowhere) {
    return error(StatusCode::kBadFile, "template line ", token->at.line, ", column ",
                 token->at.column, ": unexpected character '", rest(1), "'");
  }
  at_ += token->text.size();
  if (first == '(' || first == '[' || first == '{') {
    brackets_.push_back(first == '(' ? ')' : first == '[' ? ']' : '}');
  } else if (first == ')' || first == ']' || first == '}') {
    if (brackets_.empty() || brackets_.back() != first) {
      return error(StatusCode::kBadFile, "template line ", token->at.line, ", column ",
                   token->at.column, ": unexpected '", first, "'");
    }
    brackets_.pop_back();
  }
  return {};
}

}  // namespace minnow
