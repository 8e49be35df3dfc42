// UTF-8, one character at a time, strictly by the Unicode standard: over-long forms, surrogates and
// values above U+10FFFF are not characters. What is not UTF-8 is never an error here; it comes out
// byte by byte, marked as invalid, and each caller says what it does with such a byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace minnow {

inline constexpr char32_t kReplacementCharacter = 0xFFFD;
inline constexpr std::size_t kMaxUtf8Bytes = 4;

// One character of a text. An invalid byte has n_bytes 1 and code U+FFFD.
struct Utf8Char {
  char32_t code;
  std::uint8_t n_bytes;
  bool valid;
};

// Decodes a character whose first byte is not ASCII; decode_utf8 below is the way in.
inline Utf8Char decode_multibyte(const unsigned char* text, std::size_t n_bytes) {
  constexpr Utf8Char kInvalid{kReplacementCharacter, 1, false};
  const unsigned lead = text[0];
  const auto tail = [&](std::size_t i) { return n_bytes > i && (text[i] & 0xC0) == 0x80; };
  if (lead < 0xC2) return kInvalid;
  if (lead < 0xE0) {
    if (!tail(1)) return kInvalid;
    return {(lead & 0x1Fu) << 6 | (text[1] & 0x3Fu), 2, true};
  }
  if (lead < 0xF0) {
    if (!tail(1) || !tail(2)) return kInvalid;
    const char32_t code = (lead & 0x0Fu) << 12 | (text[1] & 0x3Fu) << 6 | (text[2] & 0x3Fu);
    if (code < 0x800 || (code >= 0xD800 && code < 0xE000)) return kInvalid;
    return {code, 3, true};
  }
  if (lead > 0xF4 || !tail(1) || !tail(2) || !tail(3)) return kInvalid;
  const char32_t code =
      (lead & 0x07u) << 18 | (text[1] & 0x3Fu) << 12 | (text[2] & 0x3Fu) << 6 | (text[3] & 0x3Fu);
  if (code < 0x10000 || code > 0x10FFFF) return kInvalid;
  return {code, 4, true};
}

// Decodes the character at `text`, of which n_bytes (at least 1) may be read.
inline Utf8Char decode_utf8(const char* text, std::size_t n_bytes) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(text);
  if (bytes[0] < 0x80) return {bytes[0], 1, true};
  return decode_multibyte(bytes, n_bytes);
}

// Returns true when the n_bytes (1 to 3) at `text` are the beginning of a character, and not a
// whole one: more bytes may still make them valid.
inline bool is_utf8_beginning(const char* text, std::size_t n_bytes) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(text);
  const unsigned lead = bytes[0];
  if (lead < 0xC2 || lead > 0xF4) return false;
  const std::size_t whole = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (n_bytes >= whole) return false;
  if (n_bytes >= 2) {
    const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (bytes[1] < low || bytes[1] > high) return false;
  }
  return n_bytes < 3 || (bytes[2] & 0xC0) == 0x80;
}

// Writes `code` (at most U+10FFFF) to `out`, which holds kMaxUtf8Bytes, and returns its length.
inline std::size_t encode_utf8(char32_t code, char* out) {
  if (code < 0x80) {
    out[0] = static_cast<char>(code);
    return 1;
  }
  if (code < 0x800) {
    out[0] = static_cast<char>(0xC0 | code >> 6);
    out[1] = static_cast<char>(0x80 | (code & 0x3F));
    return 2;
  }
  if (code < 0x10000) {
    out[0] = static_cast<char>(0xE0 | code >> 12);
    out[1] = static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out[2] = static_cast<char>(0x80 | (code & 0x3F));
    return 3;
  }
  out[0] = static_cast<char>(0xF0 | code >> 18);
  out[1] = static_cast<char>(0x80 | (code >> 12 & 0x3F));
  out[2] = static_cast<char>(0x80 | (code >> 6 & 0x3F));
  out[3] = static_cast<char>(0x80 | (code & 0x3F));
  return 4;
}

// Returns the length of the longest beginning of `text` that is UTF-8: text.size() when all is, and
// otherwise the offset of the first invalid byte, for a message that names it.
inline std::size_t valid_utf8_bytes(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const Utf8Char c = decode_utf8(text.data() + at, text.size() - at);
    if (!c.valid) break;
    at += c.n_bytes;
  }
  return at;
}

}  // namespace minnow
