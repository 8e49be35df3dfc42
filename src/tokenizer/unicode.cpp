// Look-ups in the generated Unicode tables: two stages for classes, binary search for the rest.
#include "tokenizer/unicode.hpp"

#include <algorithm>
#include <iterator>

namespace minnow {
namespace {

#include "tokenizer/unicode_tables.inc"

constexpr unsigned kBlockBits = 7;

// Hangul syllables decompose by arithmetic (Unicode, section 3.12).
constexpr char32_t kHangulFirst = 0xAC00, kHangulLast = 0xD7A3;
constexpr char32_t kLeadFirst = 0x1100, kVowelFirst = 0x1161, kTrailBase = 0x11A7;
constexpr char32_t kVowels = 21, kTrails = 28;

// Returns the index of the last entry of `firsts` that is not above `code`, or n when all are.
template <std::size_t n>
std::size_t last_not_above(const char32_t (&firsts)[n], char32_t code) {
  const auto above = std::upper_bound(std::begin(firsts), std::end(firsts), code);
  return above == std::begin(firsts) ? n : static_cast<std::size_t>(above - firsts) - 1;
}

constexpr CharClass class_in(std::size_t block, std::size_t within) {
  const std::size_t at = (block << kBlockBits) + within;
  return static_cast<CharClass>(kClassValues[at / 2] >> (at % 2 * 4) & 15);
}

struct AsciiMasks {
  CharMask masks[128];
};
constexpr AsciiMasks make_ascii_masks() {
  AsciiMasks made{};
  for (std::size_t code = 0; code < 128; ++code) {
    made.masks[code] = mask_of(class_in(kClassBlocks[0], code));
  }
  return made;
}
constexpr AsciiMasks kAscii = make_ascii_masks();

}  // namespace

const CharMask* const kAsciiMasks = kAscii.masks;

CharClass char_class(char32_t code) {
  const std::size_t block = std::min<std::size_t>(code >> kBlockBits, std::size(kClassBlocks) - 1);
  return class_in(kClassBlocks[block], code & ((1u << kBlockBits) - 1));
}

char32_t to_lower(char32_t code) {
  if (code < 0x80) return code >= 'A' && code <= 'Z' ? code + 32 : code;
  const std::size_t run = last_not_above(kLowerFirst, code);
  if (run == std::size(kLowerFirst) || code > kLowerLast[run]) return code;
  if ((code - kLowerFirst[run]) % kLowerStep[run] != 0) return code;
  return static_cast<char32_t>(static_cast<std::int32_t>(code) + kLowerDelta[run]);
}

std::uint8_t combining_class(char32_t code) {
  if (code < 0x300) return 0;
  const std::size_t range = last_not_above(kCombiningFirst, code);
  return range == std::size(kCombiningFirst) || code > kCombiningLast[range]
             ? std::uint8_t{0}
             : kCombiningClass[range];
}

std::size_t decompose(char32_t code, char32_t* out) {
  if (code >= kHangulFirst && code <= kHangulLast) {
    const char32_t index = code - kHangulFirst;
    out[0] = kLeadFirst + index / (kVowels * kTrails);
    out[1] = kVowelFirst + index / kTrails % kVowels;
    if (index % kTrails == 0) return 2;
    out[2] = kTrailBase + index % kTrails;
    return 3;
  }
  const std::size_t entry =
      code < 0xC0 ? std::size(kDecompositionCodes) : last_not_above(kDecompositionCodes, code);
  if (entry == std::size(kDecompositionCodes) || kDecompositionCodes[entry] != code) {
    out[0] = code;
    return 1;
  }
  const std::size_t from = kDecompositionStarts[entry];
  const std::size_t length = kDecompositionStarts[entry + 1] - from;
  std::copy_n(kDecompositionText + from, length, out);
  return length;
}

}  // namespace minnow
