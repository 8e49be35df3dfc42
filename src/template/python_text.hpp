// Text as Python sees it: a sequence of code points. Bytes that are not UTF-8 count as one code
// point each, so every function is total.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace minnow {

// The code point at `at`, its bytes added to `at`. A byte that starts no valid sequence is returned
// as kBadByte + byte.
inline constexpr char32_t kBadByte = 0x110000;
char32_t next_code_point(std::string_view text, std::size_t& at);
// Where the code point that ends before `at` starts.
std::size_t previous_start(std::string_view text, std::size_t at);
std::size_t count_code_points(std::string_view text);
// The byte where code point number `n` starts (or the end).
std::size_t code_point_offset(std::string_view text, std::size_t n);
void append_utf8(std::string& out, char32_t code);

// str.isspace for one code point
bool is_space(char32_t code);
// str.isprintable, isalpha, isdecimal/isdigit for one code point
bool is_printable(char32_t code);
bool is_alpha(char32_t code);
bool is_digit(char32_t code);
bool is_upper(char32_t code);
bool is_lower(char32_t code);
// Appends the upper, lower or title case of one code point; it may be several (ß is SS).
void append_upper(std::string& out, char32_t code);
void append_lower(std::string& out, char32_t code);
void append_title(std::string& out, char32_t code);

}  // namespace minnow
