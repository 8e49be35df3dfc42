// join(...): text from pieces, for messages. Strings, characters, integers and floating-point numbers
// (shortest form that reads back). No locale, no printf: neither belongs into a library that lives
// in other people's programs.
#pragma once

#include <charconv>
#include <string>
#include <string_view>
#include <type_traits>

namespace minnow {

inline void append_piece(std::string& out, std::string_view piece) { out.append(piece); }
inline void append_piece(std::string& out, char piece) { out.push_back(piece); }
inline void append_piece(std::string& out, bool piece) { out.append(piece ? "true" : "false"); }

template <class Number>
  requires(std::is_arithmetic_v<Number>)
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
