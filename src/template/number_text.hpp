// Numbers as text in the formats of Python's % operator and format specifications.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace minnow {

// Reads all of `text`; what is too large is infinite, too small is 0, as in Python.
bool read_double(std::string_view text, double* out);
// value with `precision` digits behind the point, rounded exactly (half to even on the binary
// value).
std::string fixed_text(double value, int precision);
// As %e and %g: "1.5e+10".
std::string exponent_text(double value, int precision);
std::string general_text(double value, int precision, bool keep_zeros);
// Rounds to a decimal place; negative places are tens, hundreds …
double round_decimal(double value, int places);
// |value| in a base from 2 to 16.
std::string magnitude_text(std::int64_t value, int base, bool upper);
// Puts `mark` between groups of three digits before the point.
std::string grouped(const std::string& digits, char mark, std::size_t group = 3);

}  // namespace minnow
