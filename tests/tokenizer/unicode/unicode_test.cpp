// The generated Unicode tables against utf8proc, code point by code point.
#include "tokenizer/unicode.hpp"

#include <gtest/gtest.h>
#include <utf8proc.h>

#include <string>

#include "tokenizer/utf8.hpp"

namespace minnow {
namespace {

constexpr char32_t kLimit = 0x110000;

bool is_surrogate(char32_t code) {
  return code >= 0xD800 && code < 0xE000;
}

// White_Space of the Unicode standard, which utf8proc does not have: category Z and six controls.
bool is_control_space(char32_t code) {
  return (code >= 9 && code <= 13) || code == 0x85;
}

CharClass class_by_utf8proc(char32_t code) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(code))) {
    case UTF8PROC_CATEGORY_LU:
      return CharClass::kUpper;
    case UTF8PROC_CATEGORY_LL:
      return CharClass::kLower;
    case UTF8PROC_CATEGORY_LT:
      return CharClass::kTitle;
    case UTF8PROC_CATEGORY_LM:
      return CharClass::kModifier;
    case UTF8PROC_CATEGORY_LO:
      return CharClass::kOtherLetter;
    case UTF8PROC_CATEGORY_MN:
      return CharClass::kNonspacing;
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
      return CharClass::kOtherMark;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return CharClass::kNumber;
    case UTF8PROC_CATEGORY_PC:
    case UTF8PROC_CATEGORY_PD:
    case UTF8PROC_CATEGORY_PS:
    case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PI:
    case UTF8PROC_CATEGORY_PF:
    case UTF8PROC_CATEGORY_PO:
      return CharClass::kPunctuation;
    case UTF8PROC_CATEGORY_SM:
    case UTF8PROC_CATEGORY_SC:
    case UTF8PROC_CATEGORY_SK:
    case UTF8PROC_CATEGORY_SO:
      return CharClass::kSymbol;
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return CharClass::kSpace;
    case UTF8PROC_CATEGORY_CC:
      return is_control_space(code) ? CharClass::kControlSpace : CharClass::kControl;
    case UTF8PROC_CATEGORY_CF:
      return CharClass::kFormat;
    case UTF8PROC_CATEGORY_CO:
      return CharClass::kPrivate;
    default:
      return CharClass::kUnassigned;
  }
}

TEST(Unicode, ClassesAreThoseOfUtf8proc) {
  ASSERT_EQ(std::string(utf8proc_unicode_version()), "15.0.0");
  for (char32_t code = 0; code < kLimit; ++code) {
    if (is_surrogate(code)) continue;
    ASSERT_EQ(static_cast<int>(char_class(code)), static_cast<int>(class_by_utf8proc(code)))
        << std::hex << static_cast<unsigned>(code);
  }
}

TEST(Unicode, LowerCaseIsThatOfUtf8proc) {
  for (char32_t code = 0; code < kLimit; ++code) {
    if (is_surrogate(code)) continue;
    const auto lower = utf8proc_tolower(static_cast<utf8proc_int32_t>(code));
    ASSERT_EQ(to_lower(code), static_cast<char32_t>(lower))
        << std::hex << static_cast<unsigned>(code);
  }
}

TEST(Unicode, CombiningClassesAreThoseOfUtf8proc) {
  for (char32_t code = 0; code < kLimit; ++code) {
    if (is_surrogate(code)) continue;
    const auto* property = utf8proc_get_property(static_cast<utf8proc_int32_t>(code));
    ASSERT_EQ(combining_class(code), property->combining_class)
        << std::hex << static_cast<unsigned>(code);
  }
}

TEST(Unicode, DecompositionsAreThoseOfUtf8proc) {
  for (char32_t code = 0; code < kLimit; ++code) {
    if (is_surrogate(code)) continue;
    utf8proc_int32_t expected[16];
    int boundary = 0;
    const auto n_expected = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(code), expected,
                                                    16, UTF8PROC_DECOMPOSE, &boundary);
    char32_t parts[kMaxDecomposition];
    const std::size_t n = decompose(code, parts);
    ASSERT_EQ(static_cast<utf8proc_ssize_t>(n), n_expected)
        << std::hex << static_cast<unsigned>(code);
    for (std::size_t i = 0; i < n; ++i) {
      ASSERT_EQ(parts[i], static_cast<char32_t>(expected[i]))
          << std::hex << static_cast<unsigned>(code);
    }
  }
}

TEST(Utf8, EveryCharacterComesBack) {
  for (char32_t code = 0; code < kLimit; ++code) {
    if (is_surrogate(code)) continue;
    char bytes[kMaxUtf8Bytes] = {};
    const std::size_t n = encode_utf8(code, bytes);
    const Utf8Char c = decode_utf8(bytes, n);
    ASSERT_TRUE(c.valid);
    ASSERT_EQ(c.code, code);
    ASSERT_EQ(c.n_bytes, n);
    for (std::size_t part = 1; part < n; ++part) {
      ASSERT_FALSE(decode_utf8(bytes, part).valid);
      ASSERT_TRUE(is_utf8_beginning(bytes, part));
    }
    ASSERT_FALSE(is_utf8_beginning(bytes, n));
  }
}

// All sequences of up to three bytes, and of four with a sample of the last: the decoder and
// utf8proc agree on what is a character.
TEST(Utf8, InvalidSequencesAreThoseOfUtf8proc) {
  for (unsigned first = 0; first < 256; ++first) {
    for (unsigned second = 0; second < 256; second += first < 0x80 ? 64 : 1) {
      for (unsigned third = 0; third < 256; third += first < 0xE0 ? 64 : 16) {
        for (unsigned fourth : {0x00u, 0x7Fu, 0x80u, 0xBFu, 0xC0u, 0xFFu}) {
          const unsigned char bytes[4] = {
              static_cast<unsigned char>(first), static_cast<unsigned char>(second),
              static_cast<unsigned char>(third), static_cast<unsigned char>(fourth)};
          utf8proc_int32_t expected = 0;
          const auto n = utf8proc_iterate(bytes, 4, &expected);
          const Utf8Char c = decode_utf8(reinterpret_cast<const char*>(bytes), 4);
          ASSERT_EQ(c.valid, n > 0) << first << ' ' << second << ' ' << third << ' ' << fourth;
          if (c.valid) {
            ASSERT_EQ(c.code, static_cast<char32_t>(expected));
            ASSERT_EQ(static_cast<utf8proc_ssize_t>(c.n_bytes), n);
          }
        }
      }
    }
  }
}

TEST(Utf8, ValidBytesEndWhereTheFirstInvalidByteStands) {
  EXPECT_EQ(valid_utf8_bytes(""), 0u);
  EXPECT_EQ(valid_utf8_bytes("a\xC3\xA9"), 3u);
  EXPECT_EQ(valid_utf8_bytes("ab\xFF"
                             "c"),
            2u);
  EXPECT_EQ(valid_utf8_bytes("ab\xE4\xBD"), 2u);
}

}  // namespace
}  // namespace minnow
