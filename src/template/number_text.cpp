// By std::to_chars, which rounds exactly and knows no locale.
#include "template/number_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace minnow {
namespace {

std::string printed(double value, std::chars_format format, int precision) {
  // DBL_MAX has 309 digits before the point.
  std::string text(static_cast<std::size_t>(std::max(precision, 0)) + 400, '\0');
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), value, format, std::max(precision, 0));
  text.resize(static_cast<std::size_t>(end.ptr - text.data()));
  return text;
}

}  // namespace

bool read_double(std::string_view text, double* out) {
  double value = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end.ec == std::errc::invalid_argument || end.ptr != text.data() + text.size()) return false;
  if (end.ec == std::errc::result_out_of_range) {
    const bool tiny =
        text.find("e-") != std::string_view::npos || text.find("E-") != std::string_view::npos;
    value = tiny ? 0.0 : HUGE_VAL;
    if (text[0] == '-') value = -value;
  }
  *out = value;
  return true;
}

std::string fixed_text(double value, int precision) {
  return printed(value, std::chars_format::fixed, precision);
}

std::string exponent_text(double value, int precision) {
  return printed(value, std::chars_format::scientific, precision);
}

std::string general_text(double value, int precision, bool keep_zeros) {
  precision = std::max(precision, 1);
  if (!keep_zeros || !std::isfinite(value))
    return printed(value, std::chars_format::general, precision);
  const std::string scientific = exponent_text(value, precision - 1);
  const std::size_t e = scientific.find('e');
  int exponent = 0;
  std::from_chars(scientific.data() + e + (scientific[e + 1] == '+' ? 2 : 1),
                  scientific.data() + scientific.size(), exponent);
  if (exponent < -4 || exponent >= precision) return scientific;
  return fixed_text(value, precision - 1 - exponent);
}

double round_decimal(double value, int places) {
  if (!std::isfinite(value)) return value;
  std::string text;
  if (places >= 0) {
    text = fixed_text(value, places);
  } else {
    const double scale = std::pow(10.0, -places);
    return std::nearbyint(value / scale) * scale;
  }
  double result = value;
  std::from_chars(text.data(), text.data() + text.size(), result);
  return result;
}

std::string magnitude_text(std::int64_t value, int base, bool upper) {
  char digits[72];
  const std::uint64_t magnitude =
      value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
  const auto end = std::to_chars(digits, digits + sizeof digits, magnitude, base);
  std::string text(digits, end.ptr);
  for (char& c : text) {
    if (upper && c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
  return text;
}

std::string grouped(const std::string& digits, char mark, std::size_t group) {
  std::size_t end = 0;
  while (end < digits.size() && digits[end] != '.' && digits[end] != 'e') ++end;
  std::string out;
  for (std::size_t i = 0; i < end; ++i) {
    if (i > 0 && (end - i) % group == 0) out.push_back(mark);
    out.push_back(digits[i]);
  }
  return out + digits.substr(end);
}

}  // namespace minnow
