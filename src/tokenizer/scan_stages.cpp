// Scanners for the stages of sequences that cut out one kind of run and leave the rest to the next
// stage. Each returns the end of the match at `pos`, or, where nothing matches, the beginning of
// the next match: that stretch is a piece too.
#include "tokenizer/scan_words.hpp"

namespace minnow {
namespace {

constexpr CharMask kSymbolOrPunctuation = kMaskPunctuation | kMaskSymbol;

// \p{P} and the ASCII symbols that the pattern lists.
bool is_listed_punctuation(const ScanChar& c, bool backtick) {
  if (c.is(kMaskPunctuation)) return true;
  if (c.code >= 0x80 || !c.is(kSymbolOrPunctuation)) return false;
  return backtick || c.code != '`';
}

std::size_t scan_punctuation_runs(const ScanText& segment, std::size_t pos, bool backtick) {
  ScanChar c = segment.at(pos);
  const bool inside = is_listed_punctuation(c, backtick);
  while (!c.is_end() && is_listed_punctuation(c, backtick) == inside) {
    pos += c.n_bytes;
    c = segment.at(pos);
  }
  return pos;
}

bool is_ascii_digit(const ScanChar& c) {
  return c.code >= '0' && c.code <= '9';
}

std::size_t up_to_three(const ScanText& segment, std::size_t pos) {
  for (int i = 0; i < 3 && segment.at(pos).is(kMaskNumber); ++i) pos += segment.at(pos).n_bytes;
  return pos;
}

}  // namespace

// \p{N}
std::size_t scan_each_number(const ScanText& segment, std::size_t pos) {
  const ScanChar first = segment.at(pos);
  return first.is(kMaskNumber) ? pos + first.n_bytes : segment.run_outside(kMaskNumber, pos);
}

// \p{N}+
std::size_t scan_numbers(const ScanText& segment, std::size_t pos) {
  return segment.at(pos).is(kMaskNumber) ? segment.run_of(kMaskNumber, pos)
                                         : segment.run_outside(kMaskNumber, pos);
}

// \p{N}{1,3}
std::size_t scan_three_numbers(const ScanText& segment, std::size_t pos) {
  return segment.at(pos).is(kMaskNumber) ? up_to_three(segment, pos)
                                         : segment.run_outside(kMaskNumber, pos);
}

// [0-9][0-9][0-9]
std::size_t scan_three_digits(const ScanText& segment, std::size_t pos) {
  const std::size_t from = pos;
  while (pos < segment.end) {
    int n_digits = 0;
    while (n_digits < 3 && is_ascii_digit(segment.at(pos + static_cast<std::size_t>(n_digits)))) {
      ++n_digits;
    }
    if (n_digits == 3) return pos == from ? pos + 3 : pos;
    pos += static_cast<std::size_t>(n_digits);  // too few: none of them begins three
    pos += segment.at(pos).n_bytes;
  }
  return pos;
}

// [\p{P}\$\+<=>\^~\|]+
std::size_t scan_punctuation_default(const ScanText& segment, std::size_t pos) {
  return scan_punctuation_runs(segment, pos, false);
}

// [\p{P}\$\+<=>\^~\|`]+
std::size_t scan_punctuation_falcon(const ScanText& segment, std::size_t pos) {
  return scan_punctuation_runs(segment, pos, true);
}

// [^\n]+|[\n]+
std::size_t scan_newline_runs(const ScanText& segment, std::size_t pos) {
  const bool inside = segment.text[pos] == '\n';
  while (pos < segment.end && (segment.text[pos] == '\n') == inside) ++pos;
  return pos;
}

}  // namespace minnow
