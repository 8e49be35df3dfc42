// What the tokenizers ask of Unicode: the class of a character, canonical decomposition (NFD) and
// lower case. The tables (unicode_tables.inc) are generated from the Unicode Character Database by
// tools/unicode/generate_tables.py; there is no locale and no library behind them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace minnow {

// General categories as far as they matter here; the order is that of the generator.
enum class CharClass : std::uint8_t {
  kUnassigned,
  kUpper,         // Lu
  kLower,         // Ll
  kTitle,         // Lt
  kModifier,      // Lm
  kOtherLetter,   // Lo
  kNonspacing,    // Mn
  kOtherMark,     // Mc, Me
  kNumber,        // N*
  kPunctuation,   // P*
  kSymbol,        // S*
  kSpace,         // White_Space of category Z
  kControlSpace,  // White_Space of category Cc
  kControl,       // Cc
  kFormat,        // Cf
  kPrivate,       // Co
};

// Sets of classes are masks, so that a scanner's class test is one `and`.
using CharMask = std::uint32_t;
constexpr CharMask mask_of(CharClass c) {
  return CharMask{1} << static_cast<unsigned>(c);
}

inline constexpr CharMask kMaskLetter = mask_of(CharClass::kUpper) | mask_of(CharClass::kLower) |
                                        mask_of(CharClass::kTitle) | mask_of(CharClass::kModifier) |
                                        mask_of(CharClass::kOtherLetter);
inline constexpr CharMask kMaskMark =
    mask_of(CharClass::kNonspacing) | mask_of(CharClass::kOtherMark);
inline constexpr CharMask kMaskNumber = mask_of(CharClass::kNumber);
inline constexpr CharMask kMaskPunctuation = mask_of(CharClass::kPunctuation);
inline constexpr CharMask kMaskSymbol = mask_of(CharClass::kSymbol);
inline constexpr CharMask kMaskSpace =
    mask_of(CharClass::kSpace) | mask_of(CharClass::kControlSpace);

// [128] The masks of ASCII, for the scanners' short way.
extern const CharMask* const kAsciiMasks;

// Returns the class of any code up to U+10FFFF (surrogates are kUnassigned).
CharClass char_class(char32_t code);

// Returns the simple lower case of `code`, which is `code` itself when it has none.
char32_t to_lower(char32_t code);

// Returns the canonical combining class (0 for starters).
std::uint8_t combining_class(char32_t code);

// Writes the full canonical decomposition of `code` to `out` and returns its length (1 to 4). Marks
// of neighbouring characters are not put into order here; see combining_class.
inline constexpr std::size_t kMaxDecomposition = 4;
std::size_t decompose(char32_t code, char32_t* out);

}  // namespace minnow
