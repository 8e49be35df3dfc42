// Filters that give numbers: int, float, abs, round, filesizeformat.
#include <charconv>
#include <cmath>

#include "template/iteration.hpp"
#include "template/number_text.hpp"
#include "template/text_operations.hpp"
#include "template/value_text.hpp"

namespace minnow {
namespace {

// The text of a number literal as Python's int() and float() take it: no white space around, no
// underscores between digits.
std::string bare_number(std::string_view text) {
  std::string out;
  std::size_t begin = 0;
  std::size_t end = text.size();
  while (begin < end && is_space(static_cast<unsigned char>(text[begin]))) ++begin;
  while (end > begin && is_space(static_cast<unsigned char>(text[end - 1]))) --end;
  for (std::size_t i = begin; i < end; ++i) {
    const bool between = text[i] == '_' && i > begin && i + 1 < end && text[i - 1] != '_';
    if (!between) out.push_back(text[i]);
  }
  return out;
}

bool read_integer(std::string_view text, int base, std::int64_t* out) {
  std::string digits = bare_number(text);
  const bool negative = !digits.empty() && digits[0] == '-';
  if (!digits.empty() && (digits[0] == '-' || digits[0] == '+')) digits.erase(0, 1);
  if (digits.size() > 2 && digits[0] == '0') {
    const char letter = static_cast<char>(digits[1] | 0x20);
    const bool prefixed = (base == 16 && letter == 'x') || (base == 8 && letter == 'o') ||
                          (base == 2 && letter == 'b');
    if (prefixed) digits.erase(0, 2);
  }
  if (digits.empty() || digits[0] == '-' || digits.size() > 64) return false;
  std::int64_t value = 0;
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (end.ec != std::errc() || end.ptr != digits.data() + digits.size()) return false;
  *out = negative ? -value : value;
  return true;
}

bool read_float(std::string_view text, double* out) {
  std::string digits = bare_number(text);
  if (digits.size() > 1 && digits[0] == '+' && digits[1] != '-') digits.erase(0, 1);
  if (digits.find_first_of("xX") != std::string::npos) return false;
  if (digits.size() > 1000) return false;
  return read_double(digits, out);
}

bool fits_integer(double value) {
  return value >= -9.2e18 && value <= 9.2e18;
}

bool to_integer(const NativeCall& call, Value* out) {
  const Value& value = call.subject;
  *out = is_given(call.slot[0]) ? call.slot[0] : Value::integer(0);
  std::int64_t base = 10;
  if (!integer_slot(call, 1, "base", 10, &base)) return false;
  if (base < 2 || base > 36) return call.evaluation.refuse("int() base must be between 2 and 36");
  if (value.is(Kind::kUndefined)) return call.evaluation.refuse_undefined(value);
  if (value.is_integral()) {
    *out = Value::integer(value.as_int()).with_mark(value.is_marked_scalar());
  } else if (value.is(Kind::kFloat) && fits_integer(value.as_double())) {
    *out = Value::integer(static_cast<std::int64_t>(value.as_double()))
               .with_mark(value.is_marked_scalar());
  } else if (value.is(Kind::kString)) {
    std::int64_t integer = 0;
    double number = 0;
    const bool marked = value.as_marked().any_marked();
    if (read_integer(value.as_text(), static_cast<int>(base), &integer)) {
      *out = Value::integer(integer).with_mark(marked);
    } else if (read_float(value.as_text(), &number) && fits_integer(number)) {
      *out = Value::integer(static_cast<std::int64_t>(number)).with_mark(marked);
    }
    return call.evaluation.charge_bytes(value.as_text().size());
  }
  return true;
}

bool to_float(const NativeCall& call, Value* out) {
  const Value& value = call.subject;
  *out = is_given(call.slot[0]) ? call.slot[0] : Value::number(0.0);
  if (value.is(Kind::kUndefined)) return call.evaluation.refuse_undefined(value);
  if (value.is_number()) {
    *out = Value::number(value.as_double()).with_mark(value.is_marked_scalar());
  } else if (value.is(Kind::kString)) {
    double number = 0;
    if (read_float(value.as_text(), &number)) {
      *out = Value::number(number).with_mark(value.as_marked().any_marked());
    }
    return call.evaluation.charge_bytes(value.as_text().size());
  }
  return true;
}

bool absolute(const NativeCall& call, Value* out) {
  const Value& value = call.subject;
  if (value.is_number() && value.as_double() >= 0) {
    *out = value.is(Kind::kBool) ? Value::integer(value.as_int()) : value;
    return true;
  }
  if (!value.is_number()) {
    return call.evaluation.refuse("bad operand type for abs(): '", type_name(value), "'");
  }
  return negate(call.evaluation, value, true, out);
}

// round(value, precision) half to even on the exact decimal value, or up and down by method.
bool round_filter(const NativeCall& call, Value* out) {
  std::int64_t precision = 0;
  if (!integer_slot(call, 0, "precision", 0, &precision)) return false;
  std::string_view method = "common";
  if (is_given(call.slot[1])) {
    const MarkedText* given = nullptr;
    if (!text_slot(call, 1, "method", &given)) return false;
    method = given->text();
  }
  if (method != "common" && method != "ceil" && method != "floor") {
    return call.evaluation.refuse("method must be common, ceil or floor");
  }
  const Value& value = call.subject;
  if (value.is(Kind::kUndefined)) return call.evaluation.refuse_undefined(value);
  if (!value.is_number())
    return call.evaluation.refuse("round needs a number, not ", type_name(value));
  precision = std::min<std::int64_t>(std::max<std::int64_t>(precision, -400), 400);
  double result = 0;
  if (method == "common") {
    if (value.is_integral() && precision >= 0) {
      *out = Value::integer(value.as_int()).with_mark(value.is_marked_scalar());
      return true;
    }
    result = round_decimal(value.as_double(), static_cast<int>(precision));
    if (value.is_integral()) {
      *out = Value::integer(static_cast<std::int64_t>(result)).with_mark(value.is_marked_scalar());
      return true;
    }
  } else {
    const double scale = std::pow(10.0, static_cast<double>(precision));
    const double scaled = value.as_double() * scale;
    result = (method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / scale;
  }
  *out = Value::number(result).with_mark(value.is_marked_scalar());
  return true;
}

bool file_size(const NativeCall& call, Value* out) {
  Value number;
  if (!to_float(NativeCall{call.evaluation, call.subject, call.slot + 2, call.arguments},
                &number)) {
    return false;
  }
  const double bytes = number.as_double();
  const bool binary = truth_slot(call, 0, false);
  const double base = binary ? 1024 : 1000;
  static constexpr std::string_view kUnits[] = {"k", "M", "G", "T", "P", "E", "Z", "Y"};
  std::string text;
  if (bytes == 1) {
    text = "1 Byte";
  } else if (bytes < base) {
    text = join(static_cast<std::int64_t>(bytes), " Bytes");
  } else {
    double unit = base;
    std::size_t i = 0;
    while (i + 1 < std::size(kUnits) && bytes >= unit * base) {
      unit *= base;
      ++i;
    }
    const std::string_view letter = binary && i == 0 ? "K" : kUnits[i];
    text = join(fixed_text(bytes / unit, 1), " ", letter, binary ? "iB" : "B");
  }
  *out = Value::string(text, call.subject.is_marked_scalar(), &call.evaluation);
  return true;
}

constexpr NativeRow kNumberFilters[] = {
    {"int", "default base", to_integer},
    {"float", "default", to_float},
    {"abs", "", absolute},
    {"round", "precision method", round_filter},
    {"filesizeformat", "binary", file_size},
};

}  // namespace

NativeTable number_filters() {
  return {kNumberFilters, std::size(kNumberFilters)};
}

}  // namespace minnow
