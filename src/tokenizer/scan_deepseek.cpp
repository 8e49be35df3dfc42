// Scanners of DeepSeek's three sequences (LLM, Coder, V3). Like those of scan_stages.cpp, a stage
// returns the end of the match at `pos` or the beginning of the next one.
#include <algorithm>
#include <iterator>

#include "tokenizer/scan_words.hpp"

namespace minnow {
namespace {

struct CodeRange {
  char32_t first, last;
};

// The letters with case that DeepSeek LLM's pattern lists one by one.
constexpr CodeRange kCasedLetters[] = {
    {'A', 'Z'},         {'a', 'z'},         {0xB5, 0xB5},       {0xC0, 0xD6},
    {0xD8, 0xF6},       {0xF8, 0x1BA},      {0x1BC, 0x1BF},     {0x1C4, 0x293},
    {0x295, 0x2AF},     {0x370, 0x373},     {0x376, 0x377},     {0x37B, 0x37D},
    {0x37F, 0x37F},     {0x386, 0x386},     {0x388, 0x38A},     {0x38C, 0x38C},
    {0x38E, 0x3A1},     {0x3A3, 0x3F5},     {0x3F7, 0x481},     {0x48A, 0x52F},
    {0x531, 0x556},     {0x10A0, 0x10C5},   {0x13A0, 0x13F5},   {0x13F8, 0x13FD},
    {0x1C90, 0x1CBA},   {0x1CBD, 0x1CBF},   {0x1D00, 0x1D2B},   {0x1D6B, 0x1D77},
    {0x1D79, 0x1D9A},   {0x1E00, 0x1F15},   {0x1F18, 0x1F1D},   {0x1F20, 0x1F45},
    {0x1F48, 0x1F4D},   {0x1F50, 0x1F57},   {0x1F59, 0x1F59},   {0x1F5B, 0x1F5B},
    {0x1F5D, 0x1F5D},   {0x1F5F, 0x1F7D},   {0x1F80, 0x1FB4},   {0x1FB6, 0x1FBC},
    {0x1FBE, 0x1FBE},   {0x1FC2, 0x1FC4},   {0x1FC6, 0x1FCC},   {0x1FD0, 0x1FD3},
    {0x1FD6, 0x1FDB},   {0x1FE0, 0x1FEC},   {0x1FF2, 0x1FF4},   {0x1FF6, 0x1FFC},
    {0x2102, 0x2102},   {0x2107, 0x2107},   {0x210A, 0x2113},   {0x2115, 0x2115},
    {0x2119, 0x211D},   {0x2124, 0x2124},   {0x2126, 0x2126},   {0x2128, 0x2128},
    {0x212A, 0x212D},   {0x212F, 0x2134},   {0x2139, 0x2139},   {0x213C, 0x213F},
    {0x2145, 0x2149},   {0x214E, 0x214E},   {0x2183, 0x2184},   {0x2C00, 0x2C7B},
    {0x2C7E, 0x2CE4},   {0x2CEB, 0x2CEE},   {0x2CF2, 0x2CF3},   {0xA640, 0xA66D},
    {0xA680, 0xA69B},   {0xA722, 0xA76F},   {0xA771, 0xA787},   {0xA78B, 0xA78E},
    {0xAB70, 0xABBF},   {0xFB00, 0xFB06},   {0xFB13, 0xFB17},   {0xFF21, 0xFF3A},
    {0xFF41, 0xFF5A},   {0x10400, 0x1044F}, {0x104B0, 0x104D3}, {0x104D8, 0x104FB},
    {0x10C80, 0x10CB2}, {0x10CC0, 0x10CF2}, {0x118A0, 0x118DF}, {0x1E900, 0x1E943},
};

bool is_cased(const ScanChar& c) {
  const auto above =
      std::upper_bound(std::begin(kCasedLetters), std::end(kCasedLetters), c.code,
                       [](char32_t code, const CodeRange& r) { return code < r.first; });
  return above != std::begin(kCasedLetters) && c.code <= std::prev(above)->last;
}

bool is_wide_punctuation(const ScanChar& c) {
  const auto in = [&](char32_t first, char32_t last) { return c.code >= first && c.code <= last; };
  return in(0x21, 0x2F) || in(0x3A, 0x7E) || in(0xFF01, 0xFF0F) || in(0xFF1A, 0xFF5E) ||
         in(0x2018, 0x201F) || in(0x3000, 0x3002);
}

bool is_asian(const ScanChar& c) {
  return (c.code >= 0x800 && c.code <= 0x9FA5) || (c.code >= 0xAC00 && c.code <= 0xD7FF);
}

bool is_han_or_kana(const ScanChar& c) {
  return (c.code >= 0x4E00 && c.code <= 0x9FA5) || (c.code >= 0x3040 && c.code <= 0x30FF);
}

bool is_letter(const ScanChar& c) {
  return c.is(kMaskLetter);
}
bool is_punctuation(const ScanChar& c) {
  return c.is(kMaskPunctuation);
}

using CharTest = bool (*)(const ScanChar&);

// SET+
template <CharTest kTest>
std::size_t scan_run(const ScanText& segment, std::size_t pos) {
  ScanChar c = segment.at(pos);
  const bool inside = kTest(c);
  for (; !c.is_end() && kTest(c) == inside; c = segment.at(pos)) pos += c.n_bytes;
  return pos;
}

// \s?SET+
template <CharTest kTest>
std::size_t scan_space_and_run(const ScanText& segment, std::size_t pos) {
  const std::size_t from = pos;
  for (ScanChar c = segment.at(pos); !c.is_end(); c = segment.at(pos)) {
    const std::size_t start = c.is(kMaskSpace) && !kTest(c) ? pos + c.n_bytes : pos;
    const ScanChar next = segment.at(start);
    // A space of the set itself is taken by \s? first when more of the set follows; either way the
    // match begins here.
    if (!next.is_end() && kTest(next)) return pos == from ? scan_run<kTest>(segment, start) : pos;
    pos += c.n_bytes;
  }
  return pos;
}

bool is_ascii_letter(const ScanChar& c) {
  return (c.code >= 'A' && c.code <= 'Z') || (c.code >= 'a' && c.code <= 'z');
}

constexpr CharMask kPunctuationOrSymbol = kMaskPunctuation | kMaskSymbol;
constexpr CharMask kLetterOrMark = kMaskLetter | kMaskMark;

// One match of DeepSeek V3's last stage at `pos`, or `pos` when there is none.
std::size_t match_deepseek_v3(const ScanText& segment, std::size_t pos) {
  const ScanChar first = segment.at(pos);
  const std::size_t next = pos + first.n_bytes;
  if (first.code < 0x80 && first.is(kPunctuationOrSymbol) && is_ascii_letter(segment.at(next))) {
    std::size_t end = next;
    while (is_ascii_letter(segment.at(end))) ++end;
    return end;
  }
  if (first.is_not(kMaskLetter | kPunctuationOrSymbol) && !first.is_newline() &&
      segment.at(next).is(kLetterOrMark)) {
    return segment.run_of(kLetterOrMark, next);
  }
  if (first.is(kLetterOrMark)) return segment.run_of(kLetterOrMark, pos);
  const std::size_t start = first.code == ' ' ? next : pos;
  if (segment.at(start).is(kPunctuationOrSymbol)) {
    std::size_t end = segment.run_of(kPunctuationOrSymbol, start);
    while (segment.at(end).is_newline()) ++end;
    return end;
  }
  return first.is(kMaskSpace) ? scan_white_space(segment, pos, true) : pos;
}

}  // namespace

// [\r\n]
std::size_t scan_each_newline(const ScanText& segment, std::size_t pos) {
  if (segment.at(pos).is_newline()) return pos + 1;
  while (pos < segment.end && segment.text[pos] != '\r' && segment.text[pos] != '\n') ++pos;
  return pos;
}

// \s?[A-Za-z...]+ with the letters above
std::size_t scan_cased_letters(const ScanText& segment, std::size_t pos) {
  return scan_space_and_run<is_cased>(segment, pos);
}

// \s?[!-/:-~！-／：-～‘-‟　-。]+
std::size_t scan_wide_punctuation(const ScanText& segment, std::size_t pos) {
  return scan_space_and_run<is_wide_punctuation>(segment, pos);
}

// \s+$ : white space at the end of the segment
std::size_t scan_last_spaces(const ScanText& segment, std::size_t pos) {
  std::size_t spaces_from = pos;  // begin of the white space that reaches up to `at`
  std::size_t at = pos;
  for (ScanChar c = segment.at(at); !c.is_end(); c = segment.at(at)) {
    at += c.n_bytes;
    if (!c.is(kMaskSpace)) spaces_from = at;
  }
  return spaces_from == pos || spaces_from == segment.end ? segment.end : spaces_from;
}

// [一-龥ࠀ-一가-퟿]+
std::size_t scan_asian_run(const ScanText& segment, std::size_t pos) {
  return scan_run<is_asian>(segment, pos);
}

// [一-龥぀-ゟ゠-ヿ]+
std::size_t scan_han_kana_run(const ScanText& segment, std::size_t pos) {
  return scan_run<is_han_or_kana>(segment, pos);
}

// \s?\p{L}+
std::size_t scan_space_letters(const ScanText& segment, std::size_t pos) {
  return scan_space_and_run<is_letter>(segment, pos);
}

// \s?\p{P}+
std::size_t scan_space_punctuation(const ScanText& segment, std::size_t pos) {
  return scan_space_and_run<is_punctuation>(segment, pos);
}

// [!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+|
//  ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
std::size_t scan_deepseek_v3(const ScanText& segment, std::size_t pos) {
  const std::size_t end = match_deepseek_v3(segment, pos);
  if (end != pos) return end;
  do {
    pos += segment.at(pos).n_bytes;
  } while (pos < segment.end && match_deepseek_v3(segment, pos) == pos);
  return pos;
}

}  // namespace minnow
