// Python's "format".format(values): {}, {0}, {name}, {a.b}, {a[0]}, !r and !s, and specifications
// [[fill]align][sign][#][0][width][,][.precision][type]. Nested fields in a specification are
// refused.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "template/iteration.hpp"
#include "template/native.hpp"
#include "template/number_text.hpp"
#include "template/python_text.hpp"
#include "template/value_text.hpp"

namespace minnow {
namespace {

struct Specification {
  std::string fill = " ";
  char align = 0;
  char sign = '-';
  bool alternate = false;
  bool zero = false;
  std::size_t width = 0;
  char group = 0;
  int precision = -1;
  char type = 0;
};

class BraceFormatter {
 public:
  BraceFormatter(Evaluation& evaluation, const MarkedText& format, const Arguments& arguments)
      : evaluation_(evaluation), format_(format), arguments_(arguments), out_(evaluation) {}
  bool run(Value* out);

 private:
  bool field(std::string_view inside);
  bool find_value(std::string_view path, Value* value);
  bool follow(std::string_view path, Value* value);
  bool parse(std::string_view text, Specification* specification);
  bool print(const Specification& specification, const Value& value);
  bool number_body(const Specification& specification, const Value& value, std::string* sign,
                   std::string* digits);
  bool number(const Specification& specification, const Value& value);
  bool padded(const Specification& specification, char default_align, const MarkedText& text);

  Evaluation& evaluation_;
  const MarkedText& format_;
  const Arguments& arguments_;
  TextBuilder out_;
  std::size_t next_ = 0;
};

bool BraceFormatter::run(Value* out) {
  const std::string_view text = format_.text();
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t brace = std::min(text.find_first_of("{}", at), text.size());
    if (!out_.append(format_, at, brace)) return false;
    if (brace == text.size()) break;
    if (brace + 1 < text.size() && text[brace + 1] == text[brace]) {
      if (!out_.append(format_, brace, brace + 1)) return false;
      at = brace + 2;
      continue;
    }
    const std::size_t close = text.find('}', brace);
    if (text[brace] == '}' || close == std::string_view::npos) {
      return evaluation_.refuse("single '", text[brace], "' in format string");
    }
    const std::string_view inside = text.substr(brace + 1, close - brace - 1);
    if (inside.find('{') != std::string_view::npos) {
      return evaluation_.fail(StatusCode::kUnsupported,
                              "format: fields inside fields are not supported");
    }
    if (!field(inside) || !evaluation_.charge(1)) return false;
    at = close + 1;
  }
  return out_.finish(out);
}

bool BraceFormatter::field(std::string_view inside) {
  const std::size_t colon = inside.find(':');
  std::string_view path = inside.substr(0, colon);
  char conversion = 0;
  if (const std::size_t mark = path.find('!'); mark != std::string_view::npos) {
    conversion = mark + 1 < path.size() ? path[mark + 1] : 0;
    path = path.substr(0, mark);
    if (conversion != 'r' && conversion != 's') return evaluation_.refuse("format: bad conversion");
  }
  Value value;
  if (!find_value(path, &value)) return false;
  if (conversion != 0) {
    TextBuilder text(evaluation_);
    if (!(conversion == 'r' ? append_repr(text, value) : append_str(text, value))) return false;
    text.finish(&value);
  }
  Specification specification;
  if (colon != std::string_view::npos && !parse(inside.substr(colon + 1), &specification))
    return false;
  return print(specification, value);
}

bool BraceFormatter::find_value(std::string_view path, Value* value) {
  const std::size_t end = std::min(path.find_first_of(".["), path.size());
  const std::string_view name = path.substr(0, end);
  std::size_t number = 0;
  const auto read = std::from_chars(name.data(), name.data() + name.size(), number);
  if (name.empty() || read.ptr == name.data() + name.size()) {
    if (name.empty()) number = next_++;
    if (number >= arguments_.n_positional) {
      return evaluation_.refuse("format: no argument number ", number);
    }
    *value = arguments_.positional[number];
    return follow(path.substr(end), value);
  }
  for (std::size_t i = 0; i < arguments_.n_keywords; ++i) {
    if (arguments_.keywords[i] != name) continue;
    *value = arguments_.keyword_values[i];
    return follow(path.substr(end), value);
  }
  return evaluation_.refuse("format: no argument '", name, "'");
}

// .name and [index] behind a field's name
bool BraceFormatter::follow(std::string_view path, Value* value) {
  while (!path.empty()) {
    const bool item = path[0] == '[';
    const std::size_t end =
        item ? path.find(']') : std::min(path.find_first_of(".[", 1), path.size());
    if (end == std::string_view::npos) return evaluation_.refuse("format: missing ']'");
    const std::string_view name = path.substr(1, end - 1);
    std::int64_t number = 0;
    const auto read = std::from_chars(name.data(), name.data() + name.size(), number);
    const Value object = *value;
    const bool numeric = item && !name.empty() && read.ptr == name.data() + name.size();
    const Value index = numeric ? Value::integer(number) : Value::string(name, false, &evaluation_);
    if (!(item ? get_item(evaluation_, object, index, value)
               : get_attribute(evaluation_, object, name, 0, value))) {
      return false;
    }
    path = path.substr(end + (item ? 1 : 0));
  }
  return true;
}

bool BraceFormatter::parse(std::string_view text, Specification* made) {
  std::size_t at = 0;
  const auto is_align = [](char c) { return c == '<' || c == '>' || c == '^' || c == '='; };
  std::size_t behind = 0;
  if (!text.empty()) next_code_point(text, behind);
  if (behind > 0 && behind < text.size() && is_align(text[behind])) {
    made->fill = text.substr(0, behind);
    made->align = text[behind];
    at = behind + 1;
  } else if (!text.empty() && is_align(text[0])) {
    made->align = text[at++];
  }
  const auto have = [&](std::string_view set) {
    return at < text.size() && set.find(text[at]) != std::string_view::npos;
  };
  if (have("+- ")) made->sign = text[at++];
  if (have("#")) made->alternate = ++at > 0;
  if (have("0")) made->zero = ++at > 0;
  std::int64_t width = 0;
  const auto digits = std::from_chars(text.data() + at, text.data() + text.size(), width);
  if (digits.ec == std::errc::result_out_of_range) return evaluation_.room_for(SIZE_MAX);
  at = static_cast<std::size_t>(digits.ptr - text.data());
  made->width = static_cast<std::size_t>(std::max<std::int64_t>(width, 0));
  if (have(",_")) made->group = text[at++];
  if (have(".")) {
    int precision = 0;
    const auto read = std::from_chars(text.data() + at + 1, text.data() + text.size(), precision);
    if (read.ec != std::errc() || precision < 0) return evaluation_.refuse("format: bad precision");
    made->precision = precision;
    at = static_cast<std::size_t>(read.ptr - text.data());
  }
  if (at < text.size()) made->type = text[at++];
  if (at < text.size()) return evaluation_.refuse("Invalid format specifier '", text, "'");
  return true;
}

bool BraceFormatter::padded(const Specification& specification, char default_align,
                            const MarkedText& text) {
  const std::size_t length = count_code_points(text.text());
  const std::size_t pad = specification.width > length ? specification.width - length : 0;
  const char align = specification.align != 0 ? specification.align : default_align;
  const std::size_t before = align == '<' ? 0 : align == '^' ? pad / 2 : pad;
  return out_.pad(before, specification.fill) && out_.append(text) &&
         out_.pad(pad - before, specification.fill);
}

bool BraceFormatter::number_body(const Specification& specification, const Value& value,
                                 std::string* sign, std::string* digits) {
  const char type = specification.type;
  const int precision = std::min(specification.precision < 0 ? 6 : specification.precision, 1000);
  const bool as_float =
      type != 0 && std::string_view("eEfFgG%").find(type) != std::string_view::npos;
  bool negative = false;
  if (value.is_integral() && !as_float) {
    const std::int64_t integer = value.as_int();
    if (type != 0 && std::string_view("dxXobn").find(type) == std::string_view::npos) {
      return evaluation_.refuse("Unknown format code '", type, "' for object of type 'int'");
    }
    const int base = (type | 0x20) == 'x' ? 16 : type == 'o' ? 8 : type == 'b' ? 2 : 10;
    negative = integer < 0;
    *digits = magnitude_text(integer, base, type == 'X');
    if (specification.alternate && base != 10) *sign = std::string{'0', type};
    if (specification.group != 0)
      *digits = grouped(*digits, specification.group, base == 10 ? 3 : 4);
  } else {
    const double number = value.as_double();
    const double magnitude = std::fabs(number);
    const char lower = static_cast<char>(type | 0x20);
    negative = std::signbit(number) && !std::isnan(number);
    if (type == 0 && specification.precision < 0)
      *digits = float_text(magnitude);
    else if (type == '%')
      *digits = fixed_text(magnitude * 100, precision) + "%";
    else if (lower == 'f')
      *digits = fixed_text(magnitude, precision);
    else if (lower == 'e')
      *digits = exponent_text(magnitude, precision);
    else if (lower == 'g' || type == 0)
      *digits = general_text(magnitude, precision, specification.alternate);
    else
      return evaluation_.refuse("Unknown format code '", type, "' for object of type 'float'");
    if (type >= 'A' && type <= 'Z') {
      for (char& c : *digits) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    }
    if (specification.group != 0) *digits = grouped(*digits, specification.group);
  }
  const std::string prefix = *sign;
  *sign = negative ? "-" : specification.sign == '-' ? "" : std::string(1, specification.sign);
  *sign += prefix;
  return true;
}

bool BraceFormatter::number(const Specification& specification, const Value& value) {
  std::string sign;
  std::string digits;
  if (!number_body(specification, value, &sign, &digits)) return false;
  const bool marked = value.is_marked_scalar();
  const bool inner = specification.align == '=' || (specification.zero && specification.align == 0);
  TextBuilder text(evaluation_);
  if (!text.append(sign, marked)) return false;
  const std::size_t length = sign.size() + digits.size();
  if (inner && specification.width > length &&
      !text.pad(specification.width - length, specification.zero ? "0" : specification.fill)) {
    return false;
  }
  return text.append(digits, marked) && padded(specification, '>', text.text());
}

bool BraceFormatter::print(const Specification& specification, const Value& value) {
  if (value.is_number() && (!value.is(Kind::kBool) || specification.type != 0)) {
    return number(specification, value);
  }
  if (!value.is(Kind::kString) && !value.is(Kind::kBool) &&
      (specification.width > 0 || specification.type != 0 || specification.align != 0)) {
    return evaluation_.refuse("unsupported format string passed to ", type_name(value),
                              ".__format__");
  }
  if (specification.type != 0 && specification.type != 's') {
    return evaluation_.refuse("Unknown format code '", specification.type, "' for object of type '",
                              type_name(value), "'");
  }
  TextBuilder text(evaluation_);
  if (!append_str(text, value)) return false;
  if (specification.precision < 0) return padded(specification, '<', text.text());
  const std::size_t end =
      code_point_offset(text.text().text(), static_cast<std::size_t>(specification.precision));
  TextBuilder cut(evaluation_);
  return cut.append(text.text(), 0, end) && padded(specification, '<', cut.text());
}

}  // namespace

bool brace_format(Evaluation& evaluation, const Value& format, const Arguments& arguments,
                  Value* out) {
  const MarkedText& text = format.as_marked();
  return BraceFormatter(evaluation, text, arguments).run(out);
}

}  // namespace minnow
