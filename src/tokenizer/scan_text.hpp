// What the word scanners read: one character at a time with its class, ending where the segment
// ends. A scanner sees nothing outside its segment, as a regular expression applied to that piece
// alone would not.
#pragma once

#include <cstddef>
#include <string_view>

#include "tokenizer/unicode.hpp"
#include "tokenizer/utf8.hpp"

namespace minnow {

// At the end of the segment: mask 0 and n_bytes 0, so that no test of a class holds there.
struct ScanChar {
  char32_t code;
  CharMask mask;
  std::uint32_t n_bytes;

  bool is(CharMask set) const { return (mask & set) != 0; }
  // True for a character outside `set`; false at the end.
  bool is_not(CharMask set) const { return mask != 0 && (mask & set) == 0; }
  bool is_end() const { return mask == 0; }
  bool is_newline() const { return code == '\r' || code == '\n'; }
};

struct ScanText {
  const char* text;
  std::size_t end;  // offset behind the segment

  ScanChar at(std::size_t pos) const {
    if (pos >= end) return {0xFFFFFFFF, 0, 0};
    const auto byte = static_cast<unsigned char>(text[pos]);
    if (byte < 0x80) return {byte, kAsciiMasks[byte], 1};
    const Utf8Char c = decode_utf8(text + pos, end - pos);
    return {c.code, mask_of(char_class(c.code)), c.n_bytes};
  }

  // Returns the end of the run of characters of `set` that starts at `pos`; `pos` when none does.
  std::size_t run_of(CharMask set, std::size_t pos) const {
    for (ScanChar c = at(pos); c.is(set); c = at(pos)) pos += c.n_bytes;
    return pos;
  }
  std::size_t run_outside(CharMask set, std::size_t pos) const {
    for (ScanChar c = at(pos); c.is_not(set); c = at(pos)) pos += c.n_bytes;
    return pos;
  }
};

// A scanner returns the end of the word that starts at `pos` (below segment.end): always above
// `pos`, at most segment.end. It must be linear over the whole segment, whatever the text.
using WordScanner = std::size_t (*)(const ScanText& segment, std::size_t pos);

// ---- shared pieces of the published patterns ------------------------------------------------

// 's|'t|'re|'ve|'m|'ll|'d at `pos`; `any_case` also takes capitals and U+017F, which folds to s.
// Returns the end, or `pos` when there is none.
std::size_t scan_contraction(const ScanText& segment, std::size_t pos, bool any_case);

// \s*[\r\n]+|\s+(?!\S)|\s+ (without the first part when `newlines` is false) at `pos`, where a
// white-space character stands.
std::size_t scan_white_space(const ScanText& segment, std::size_t pos, bool newlines);

}  // namespace minnow
