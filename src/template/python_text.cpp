// UTF-8 decoding, and look-up in the Unicode tables by binary search.
#include "template/python_text.hpp"

#include <algorithm>

#include "template/unicode_tables.hpp"

namespace minnow {
namespace {

using namespace template_unicode;

unsigned byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

bool is_continuation(std::string_view text, std::size_t at) {
  return at < text.size() && (byte_at(text, at) & 0xC0) == 0x80;
}

bool in_ranges(const CodeRange* ranges, std::size_t n, char32_t code) {
  const CodeRange* found = std::partition_point(
      ranges, ranges + n, [code](const CodeRange& range) { return range.last < code; });
  return found != ranges + n && found->first <= code;
}

struct CaseTable {
  const CaseRun* runs;
  std::size_t n_runs;
  const CaseExpansion* expansions;
  std::size_t n_expansions;
};

char32_t map_one(const CaseTable& table, char32_t code) {
  const CaseRun* end = table.runs + table.n_runs;
  const CaseRun* run = std::partition_point(
      table.runs, end, [code](const CaseRun& candidate) { return candidate.last < code; });
  if (run == end || run->first > code || (code - run->first) % run->stride != 0) return code;
  return static_cast<char32_t>(static_cast<std::int32_t>(code) + run->delta);
}

const CaseExpansion* find_expansion(const CaseTable& table, char32_t code) {
  const CaseExpansion* end = table.expansions + table.n_expansions;
  const CaseExpansion* found = std::partition_point(
      table.expansions, end, [code](const CaseExpansion& one) { return one.code < code; });
  return found == end || found->code != code ? nullptr : found;
}

void append_mapped(std::string& out, const CaseTable& table, char32_t code) {
  const CaseExpansion* found = find_expansion(table, code);
  if (found == nullptr) {
    append_utf8(out, map_one(table, code));
    return;
  }
  for (const std::uint32_t image : found->image) {
    if (image != 0) append_utf8(out, image);
  }
}

CaseTable upper_table() {
  return {kUpper, kUpperSize, kUpperExpansions, kUpperExpansionsSize};
}
CaseTable lower_table() {
  return {kLower, kLowerSize, kLowerExpansions, kLowerExpansionsSize};
}
CaseTable title_table() {
  return {kTitle, kTitleSize, kTitleExpansions, kTitleExpansionsSize};
}

}  // namespace

char32_t next_code_point(std::string_view text, std::size_t& at) {
  const unsigned lead = byte_at(text, at);
  const std::size_t start = at++;
  if (lead < 0x80) return lead;
  const int n_more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
  if (lead < 0xC2 || lead > 0xF4) return kBadByte + lead;
  char32_t code = lead & (0x3Fu >> n_more);
  for (int i = 0; i < n_more; ++i) {
    if (!is_continuation(text, start + 1 + i)) return kBadByte + lead;
    code = code << 6 | (byte_at(text, start + 1 + i) & 0x3F);
  }
  const char32_t least = n_more == 3 ? 0x10000 : n_more == 2 ? 0x800 : 0x80;
  if (code < least || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return kBadByte + lead;
  at = start + 1 + static_cast<std::size_t>(n_more);
  return code;
}

std::size_t previous_start(std::string_view text, std::size_t at) {
  for (std::size_t back = 1; back <= 4 && back <= at; ++back) {
    std::size_t end = at - back;
    if ((byte_at(text, end) & 0xC0) == 0x80 && back < 4) continue;
    next_code_point(text, end);
    if (end == at) return at - back;
    break;
  }
  return at - 1;
}

std::size_t count_code_points(std::string_view text) {
  std::size_t n = 0;
  for (std::size_t at = 0; at < text.size(); ++n) next_code_point(text, at);
  return n;
}

std::size_t code_point_offset(std::string_view text, std::size_t n) {
  std::size_t at = 0;
  for (; n > 0 && at < text.size(); --n) next_code_point(text, at);
  return at;
}

void append_utf8(std::string& out, char32_t code) {
  const auto put = [&out](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code >= kBadByte) {
    put(code - kBadByte);
  } else if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

bool is_space(char32_t code) {
  if (code < 0x80) return (code >= 9 && code <= 13) || (code >= 0x1C && code <= 0x20);
  return code == 0x85 || code == 0xA0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200A) ||
         code == 0x2028 || code == 0x2029 || code == 0x202F || code == 0x205F || code == 0x3000;
}

bool is_printable(char32_t code) {
  if (code < 0x80) return code >= 0x20 && code < 0x7F;
  return code < kBadByte && !in_ranges(kUnprintable, kUnprintableSize, code);
}

bool is_alpha(char32_t code) {
  if (code < 0x80) return (code | 0x20) >= 'a' && (code | 0x20) <= 'z';
  return in_ranges(kAlpha, kAlphaSize, code);
}

bool is_digit(char32_t code) {
  if (code < 0x80) return code >= '0' && code <= '9';
  return in_ranges(kDigit, kDigitSize, code);
}

bool is_upper(char32_t code) {
  if (code < 0x80) return code >= 'A' && code <= 'Z';
  return map_one(lower_table(), code) != code;
}

bool is_lower(char32_t code) {
  if (code < 0x80) return code >= 'a' && code <= 'z';
  return map_one(upper_table(), code) != code || find_expansion(upper_table(), code) != nullptr;
}

void append_upper(std::string& out, char32_t code) {
  if (code < 0x80) {
    out.push_back(static_cast<char>(is_lower(code) ? code - 32 : code));
  } else {
    append_mapped(out, upper_table(), code);
  }
}

void append_lower(std::string& out, char32_t code) {
  if (code < 0x80) {
    out.push_back(static_cast<char>(is_upper(code) ? code + 32 : code));
  } else {
    append_mapped(out, lower_table(), code);
  }
}

void append_title(std::string& out, char32_t code) {
  if (code < 0x80) {
    append_upper(out, code);
  } else {
    append_mapped(out, title_table(), code);
  }
}

}  // namespace minnow
