// Scanners of the two great families: GPT-2's words, and those of cl100k that Llama 3 and Qwen use.
// The patterns stand above each scanner as their authors published them.
#include "tokenizer/scan_words.hpp"

namespace minnow {
namespace {

char32_t folded(char32_t code, bool any_case) {
  if (!any_case) return code;
  if (code >= 'A' && code <= 'Z') return code + 32;
  return code == 0x17F ? U's' : code;
}

}  // namespace

std::size_t scan_contraction(const ScanText& segment, std::size_t pos, bool any_case) {
  if (segment.at(pos).code != '\'') return pos;
  const ScanChar first = segment.at(pos + 1);
  const char32_t a = folded(first.code, any_case);
  const std::size_t after = pos + 1 + first.n_bytes;
  if (a == 's' || a == 't' || a == 'm' || a == 'd') return after;
  if (a != 'r' && a != 'v' && a != 'l') return pos;
  const ScanChar second = segment.at(after);
  const char32_t b = folded(second.code, any_case);
  return b == (a == 'l' ? U'l' : U'e') ? after + second.n_bytes : pos;
}

std::size_t scan_white_space(const ScanText& segment, std::size_t pos, bool newlines) {
  std::size_t end = pos, last = pos, behind_newline = pos;
  for (ScanChar c = segment.at(end); c.is(kMaskSpace); c = segment.at(end)) {
    last = end;
    end += c.n_bytes;
    if (c.is_newline()) behind_newline = end;
  }
  if (newlines && behind_newline > pos) return behind_newline;
  // Before a word the run leaves it one character, unless it has no more than that.
  return end == segment.end || last == pos ? end : last;
}

// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
std::size_t scan_gpt2(const ScanText& segment, std::size_t pos) {
  const std::size_t contraction = scan_contraction(segment, pos, false);
  if (contraction != pos) return contraction;
  ScanChar first = segment.at(pos);
  std::size_t start = pos;
  if (first.code == ' ') {
    start = pos + 1;
    first = segment.at(start);
  }
  if (first.is(kMaskLetter)) return segment.run_of(kMaskLetter, start);
  if (first.is(kMaskNumber)) return segment.run_of(kMaskNumber, start);
  constexpr CharMask kWordsAndSpaces = kMaskSpace | kMaskLetter | kMaskNumber;
  if (first.is_not(kWordsAndSpaces)) return segment.run_outside(kWordsAndSpaces, start);
  return scan_white_space(segment, pos, false);
}

namespace {

// (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?LETTERS+|\p{N}{1,MAX}|
//  ?[^\sLETTERS\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
template <CharMask kLetters, int kMaxDigits>
std::size_t scan_cl100k(const ScanText& segment, std::size_t pos) {
  const std::size_t contraction = scan_contraction(segment, pos, true);
  if (contraction != pos) return contraction;
  const ScanChar first = segment.at(pos);
  if (first.is(kLetters)) return segment.run_of(kLetters, pos);
  if (first.is(kMaskNumber)) {
    std::size_t end = pos;
    for (int i = 0; i < kMaxDigits && segment.at(end).is(kMaskNumber); ++i) {
      end += segment.at(end).n_bytes;
    }
    return end;
  }
  const std::size_t next = pos + first.n_bytes;
  if (!first.is_newline() && segment.at(next).is(kLetters)) return segment.run_of(kLetters, next);
  constexpr CharMask kWordsAndSpaces = kMaskSpace | kLetters | kMaskNumber;
  const std::size_t start = first.code == ' ' ? next : pos;
  if (segment.at(start).is_not(kWordsAndSpaces)) {
    std::size_t end = segment.run_outside(kWordsAndSpaces, start);
    while (segment.at(end).is_newline()) ++end;
    return end;
  }
  return scan_white_space(segment, pos, true);
}

}  // namespace

std::size_t scan_llama3(const ScanText& segment, std::size_t pos) {
  return scan_cl100k<kMaskLetter, 3>(segment, pos);
}

std::size_t scan_qwen2(const ScanText& segment, std::size_t pos) {
  return scan_cl100k<kMaskLetter, 1>(segment, pos);
}

std::size_t scan_qwen35(const ScanText& segment, std::size_t pos) {
  return scan_cl100k<kMaskLetter | kMaskMark, 1>(segment, pos);
}

}  // namespace minnow
