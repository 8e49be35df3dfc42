// TemplateLexer: the source of a template as tokens, with Jinja's white space rules (trim_blocks
// and lstrip_blocks on, as chat templates are rendered everywhere).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.hpp"

namespace minnow {

struct SourcePosition {
  std::uint32_t line = 1;    // from 1
  std::uint32_t column = 1;  // from 1, in bytes
};

enum class TokenType : std::uint8_t {
  kEnd,
  kText,        // between tags; `text` is what remains after stripping
  kPrintBegin,  // {{
  kPrintEnd,
  kBlockBegin,  // {%
  kBlockEnd,
  kName,
  kString,  // `text` without the quotes, escapes still in it
  kInteger,
  kFloat,
  kSign,  // an operator or bracket, in `text`
};

struct TemplateToken {
  TokenType type = TokenType::kEnd;
  std::string_view text;
  SourcePosition at;

  bool is(std::string_view sign) const { return type == TokenType::kSign && text == sign; }
  bool is_name(std::string_view name) const { return type == TokenType::kName && text == name; }
};

// Line ends become \n, and one at the very end is dropped.
std::string normalise_source(std::string_view source);

class TemplateLexer {
 public:
  // `source` is normalised and outlives the lexer and its tokens.
  explicit TemplateLexer(std::string_view source);

  Status next(TemplateToken* token);

 private:
  enum class Mode : std::uint8_t { kText, kBlock, kPrint };

  Status next_text(TemplateToken* token);
  Status next_in_tag(TemplateToken* token);
  bool try_tag_end(TemplateToken* token);
  Status lex_string(TemplateToken* token);
  Status lex_sign(TemplateToken* token);
  void lex_number(TemplateToken* token);
  Status skip_comment(std::size_t begin);
  Status lex_raw(std::size_t inside, TemplateToken* token);
  // Length of a tag `{% word %}` at `at` with its trimming, or 0; `content` is where its trimming
  // of the following text ends.
  std::size_t raw_tag(std::size_t at, std::string_view word, bool trims) const;
  std::string_view stripped(std::size_t begin, std::size_t tag) const;
  void skip_space();
  void finish_tag(std::size_t end, char sign, bool block);
  std::string_view rest(std::size_t n) const { return source_.substr(at_, n); }
  SourcePosition position(std::size_t at);

  std::string_view source_;
  std::size_t at_ = 0;
  Mode mode_ = Mode::kText;
  bool line_starts_ = true;  // the text at at_ begins a line
  std::string brackets_;     // the closing brackets that are awaited
  std::size_t line_begin_ = 0;
  std::size_t next_line_end_;  // of the line that begins at line_begin_
  std::uint32_t line_ = 1;
};

}  // namespace minnow
