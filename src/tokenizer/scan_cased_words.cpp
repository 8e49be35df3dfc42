// Scanners of the o200k family, which cuts words where capitals begin: GPT-4o and Llama 4, and
// Mistral's Tekken. A regular-expression engine backtracks here; the comments say to what that
// comes.
#include "tokenizer/scan_words.hpp"

namespace minnow {
namespace {

constexpr CharMask kBoth =
    mask_of(CharClass::kModifier) | mask_of(CharClass::kOtherLetter) | kMaskMark;
constexpr CharMask kUpperSet = mask_of(CharClass::kUpper) | mask_of(CharClass::kTitle) | kBoth;
constexpr CharMask kLowerSet = mask_of(CharClass::kLower) | kBoth;

// [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+ at `pos`. When no small letter follows
// the first run, it gives back down to its last character that belongs to both sets. Returns `pos`
// when there is no match.
std::size_t scan_capitals_then_small(const ScanText& segment, std::size_t pos) {
  std::size_t end = pos, behind_both = pos;
  for (ScanChar c = segment.at(end); c.is(kUpperSet); c = segment.at(end)) {
    end += c.n_bytes;
    if (c.is(kBoth)) behind_both = end;
  }
  return segment.at(end).is(kLowerSet) ? segment.run_of(kLowerSet, end) : behind_both;
}

// The two word alternatives, each with and without [^\r\n\p{L}\p{N}]? in front. Returns `pos` when
// none matches.
std::size_t scan_cased_word(const ScanText& segment, std::size_t pos) {
  const ScanChar first = segment.at(pos);
  const bool has_prefix = first.is_not(kMaskLetter | kMaskNumber) && !first.is_newline();
  const std::size_t behind_prefix = pos + first.n_bytes;
  if (has_prefix) {
    const std::size_t end = scan_capitals_then_small(segment, behind_prefix);
    if (end != behind_prefix) return end;
  }
  const std::size_t plain = scan_capitals_then_small(segment, pos);
  if (plain != pos) return plain;
  // [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*: only capitals are left here.
  const std::size_t start = has_prefix ? behind_prefix : pos;
  const std::size_t end = segment.run_of(kUpperSet, start);
  return end == start ? pos : segment.run_of(kLowerSet, end);
}

//  ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+
std::size_t scan_the_rest(const ScanText& segment, std::size_t pos) {
  constexpr CharMask kWordsAndSpaces = kMaskSpace | kMaskLetter | kMaskNumber;
  const std::size_t start = segment.at(pos).code == ' ' ? pos + 1 : pos;
  if (segment.at(start).is_not(kWordsAndSpaces)) {
    std::size_t end = segment.run_outside(kWordsAndSpaces, start);
    while (segment.at(end).is_newline() || segment.at(end).code == '/') ++end;
    return end;
  }
  return scan_white_space(segment, pos, true);
}

}  // namespace

// WORD(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}|REST
std::size_t scan_gpt4o(const ScanText& segment, std::size_t pos) {
  const std::size_t word = scan_cased_word(segment, pos);
  if (word != pos) return scan_contraction(segment, word, true);
  std::size_t end = pos;
  for (int i = 0; i < 3 && segment.at(end).is(kMaskNumber); ++i) end += segment.at(end).n_bytes;
  return end != pos ? end : scan_the_rest(segment, pos);
}

// WORD|\p{N}|REST
std::size_t scan_tekken(const ScanText& segment, std::size_t pos) {
  const std::size_t word = scan_cased_word(segment, pos);
  if (word != pos) return word;
  const ScanChar first = segment.at(pos);
  return first.is(kMaskNumber) ? pos + first.n_bytes : scan_the_rest(segment, pos);
}

}  // namespace minnow
