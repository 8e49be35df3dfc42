// Python's "format" % values.
#include <algorithm>
#include <cmath>

#include "template/dict_object.hpp"
#include "template/iteration.hpp"
#include "template/number_text.hpp"
#include "template/python_text.hpp"
#include "template/value_text.hpp"

namespace minnow {
namespace {

struct Directive {
  bool left = false;
  bool zero = false;
  bool plus = false;
  bool space = false;
  bool alternate = false;
  std::int64_t width = 0;
  std::int64_t precision = -1;
  char type = 's';
};

class PercentFormatter {
 public:
  PercentFormatter(Evaluation& evaluation, const MarkedText& format, const Value& arguments)
      : evaluation_(evaluation), format_(format), arguments_(arguments), out_(evaluation) {}
  bool run(Value* out);

 private:
  bool directive(std::size_t& at);
  bool read_number(std::size_t& at, std::int64_t* number);
  bool next_argument(Value* value);
  bool print(const Directive& directive, const Value& value);
  bool print_number(const Directive& directive, const Value& value, std::string* digits,
                    std::string* sign);
  bool is_tuple() const {
    return arguments_.is(Kind::kList) && arguments_.as_list().flavor == ListFlavor::kTuple;
  }

  Evaluation& evaluation_;
  const MarkedText& format_;
  const Value& arguments_;
  TextBuilder out_;
  std::size_t used_ = 0;
};

bool PercentFormatter::run(Value* out) {
  const std::string_view text = format_.text();
  std::size_t plain = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '%') {
      ++at;
      continue;
    }
    if (!out_.append(format_, plain, at)) return false;
    if (text.substr(at, 2) == "%%") {
      if (!out_.append(format_, at, at + 1)) return false;
      at += 2;
    } else if (!directive(++at)) {
      return false;
    }
    plain = at;
    if (!evaluation_.charge(1)) return false;
  }
  const bool unused =
      is_tuple() ? used_ < arguments_.as_list().items.size()
                 : used_ == 0 && !arguments_.is(Kind::kDict) && !arguments_.is(Kind::kList);
  if (unused) return evaluation_.refuse("not all arguments converted during string formatting");
  return out_.append(format_, plain, text.size()) && out_.finish(out);
}

bool PercentFormatter::next_argument(Value* value) {
  if (is_tuple()) {
    const auto& items = arguments_.as_list().items;
    if (used_ >= items.size()) return evaluation_.refuse("not enough arguments for format string");
    *value = items[used_++];
    return true;
  }
  if (used_++ > 0) return evaluation_.refuse("not enough arguments for format string");
  *value = arguments_;
  return true;
}

bool PercentFormatter::read_number(std::size_t& at, std::int64_t* number) {
  const std::string_view text = format_.text();
  if (at < text.size() && text[at] == '*') {
    Value value;
    ++at;
    if (!next_argument(&value)) return false;
    if (!value.is(Kind::kInt)) return evaluation_.refuse("* wants int");
    *number = value.as_int();
  } else {
    *number = 0;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9' && *number < 1'000'000'000) {
      *number = *number * 10 + (text[at++] - '0');
    }
  }
  if (*number > static_cast<std::int64_t>(evaluation_.limits().max_string_bytes)) {
    return evaluation_.room_for(static_cast<std::size_t>(*number));
  }
  return true;
}

bool PercentFormatter::directive(std::size_t& at) {
  const std::string_view text = format_.text();
  Directive made;
  Value value;
  bool named = false;
  if (at < text.size() && text[at] == '(') {
    const std::size_t close = text.find(')', at);
    if (close == std::string_view::npos || !arguments_.is(Kind::kDict)) {
      return evaluation_.refuse("format requires a mapping");
    }
    const Value* found = arguments_.as_dict().find(text.substr(at + 1, close - at - 1));
    if (found == nullptr) {
      return evaluation_.refuse("format: no value for '", text.substr(at + 1, close - at - 1), "'");
    }
    value = *found;
    named = true;
    ++used_;
    at = close + 1;
  }
  for (; at < text.size(); ++at) {
    if (text[at] == '-')
      made.left = true;
    else if (text[at] == '0')
      made.zero = true;
    else if (text[at] == '+')
      made.plus = true;
    else if (text[at] == ' ')
      made.space = true;
    else if (text[at] == '#')
      made.alternate = true;
    else
      break;
  }
  if (!read_number(at, &made.width)) return false;
  if (made.width < 0) {
    made.left = true;
    made.width = -made.width;
  }
  if (at < text.size() && text[at] == '.' && !read_number(++at, &made.precision)) return false;
  while (at < text.size() && (text[at] == 'l' || text[at] == 'h' || text[at] == 'L')) ++at;
  if (at >= text.size()) return evaluation_.refuse("incomplete format");
  made.type = text[at++];
  if (!named && !next_argument(&value)) return false;
  return print(made, value);
}

bool PercentFormatter::print_number(const Directive& directive, const Value& value,
                                    std::string* digits, std::string* sign) {
  const char type = directive.type;
  if (!value.is_number()) {
    if (value.is(Kind::kUndefined)) return evaluation_.refuse_undefined(value);
    return evaluation_.refuse("%", type, " format: a number is required, not ", type_name(value));
  }
  const int precision = directive.precision < 0
                            ? 6
                            : static_cast<int>(std::min<std::int64_t>(directive.precision, 1000));
  const bool integral = std::string_view("diuxXo").find(type) != std::string_view::npos;
  const double number = value.as_double();
  if (integral && !value.is_integral() &&
      (std::string_view("xXo").find(type) != std::string_view::npos ||
       !(std::fabs(number) < 9.2e18))) {
    return evaluation_.refuse("%", type, " format: an integer is required, not float");
  }
  const std::int64_t integer = value.is_integral() ? value.as_int()
                               : integral          ? static_cast<std::int64_t>(number)
                                                   : 0;
  const bool negative = integral ? integer < 0 : std::signbit(number);
  *sign = negative ? "-" : directive.plus ? "+" : directive.space ? " " : "";
  if (integral) {
    const int base = (type | 0x20) == 'x' ? 16 : type == 'o' ? 8 : 10;
    *digits = magnitude_text(integer, base, type == 'X');
    const auto wanted = static_cast<std::size_t>(
        std::max<std::int64_t>(std::min<std::int64_t>(directive.precision, 1000), 0));
    if (digits->size() < wanted) digits->insert(0, wanted - digits->size(), '0');
    if (directive.alternate && base != 10) *sign += base == 8 ? "0o" : type == 'X' ? "0X" : "0x";
    return true;
  }
  const double magnitude = std::fabs(number);
  const char lower = static_cast<char>(type | 0x20);
  *digits = lower == 'f'   ? fixed_text(magnitude, precision)
            : lower == 'e' ? exponent_text(magnitude, precision)
                           : general_text(magnitude, precision, directive.alternate);
  if (type < 'a') {
    for (char& c : *digits) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  }
  return true;
}

bool PercentFormatter::print(const Directive& directive, const Value& value) {
  TextBuilder body(evaluation_);
  std::string sign;
  const char type = directive.type;
  bool number = false;
  if (type == 's' || type == 'r' || type == 'a') {
    if (!(type == 's' ? append_str(body, value) : append_repr(body, value))) return false;
  } else if (type == 'c') {
    if (value.is_integral() && value.as_int() >= 0 && value.as_int() < 0x110000) {
      std::string one;
      append_utf8(one, static_cast<char32_t>(value.as_int()));
      if (!body.append(one, value.is_marked_scalar())) return false;
    } else if (value.is(Kind::kString) && count_code_points(value.as_text()) == 1) {
      if (!body.append(value.as_marked())) return false;
    } else {
      return evaluation_.refuse("%c requires int or char");
    }
  } else if (std::string_view("diuxXofFeEgG").find(type) != std::string_view::npos) {
    std::string digits;
    number = true;
    if (!print_number(directive, value, &digits, &sign)) return false;
    if (!body.append(digits, value.is_marked_scalar())) return false;
  } else {
    return evaluation_.refuse("unsupported format character '", type, "'");
  }
  std::size_t end = body.size();
  std::size_t length = count_code_points(body.text().text());
  if (!number && directive.precision >= 0 &&
      static_cast<std::size_t>(directive.precision) < length) {
    length = static_cast<std::size_t>(directive.precision);
    end = code_point_offset(body.text().text(), length);
  }
  length += sign.size();
  const auto width = static_cast<std::size_t>(directive.width);
  const std::size_t pad = width > length ? width - length : 0;
  const bool zeros = number && directive.zero && !directive.left;
  if (!zeros && !directive.left && !out_.pad(pad)) return false;
  if (!out_.append(sign, value.is_marked_scalar())) return false;
  if (zeros && !out_.pad(pad, "0")) return false;
  return out_.append(body.text(), 0, end) && (!directive.left || out_.pad(pad));
}

}  // namespace

bool percent_format(Evaluation& evaluation, const Value& format, const Value& arguments,
                    Value* out) {
  const MarkedText& text = format.as_marked();
  return PercentFormatter(evaluation, text, arguments).run(out);
}

}  // namespace minnow
