// join(...): text from pieces, for messages. Strings, characters, integers and floating-point
// numbers (shortest form that reads back). No locale, no printf: neither belongs into a library
// that lives in other people's programs.
#pragma once

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>

namespace minnow {

inline void append_piece(std::string& out, std::string_view piece) {
  out.append(piece);
}
inline void append_piece(std::string& out, char piece) {
  out.push_back(piece);
}
// Exactly bool: a literal would otherwise decay to a pointer and take this way, as "true".
template <std::same_as<bool> Bool>
void append_piece(std::string& out, Bool piece) {
  out.append(piece ? "true" : "false");
}

template <class T>
concept PrintableNumber = std::is_arithmetic_v<T> && !std::is_same_v<T, bool>;

template <PrintableNumber Number>
void append_piece(std::string& out, Number piece) {
  char digits[40];
  const auto end = std::to_chars(digits, digits + sizeof digits, piece);
  out.append(digits, end.ptr);
}

template <class... Pieces>
std::string join(const Pieces&... pieces) {
  std::string out;
  (append_piece(out, pieces), ...);
  return out;
}

}  // namespace minnow
