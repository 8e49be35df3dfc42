// str, repr and the type names of Python.
#include "template/value_text.hpp"

#include <charconv>
#include <cmath>

#include "template/dict_object.hpp"
#include "template/python_text.hpp"

namespace minnow {
namespace {

// "0x1f" and the like: `code` in lower-case hexadecimal, `width` digits.
void append_hex(std::string& out, char32_t code, int width) {
  for (int shift = 4 * (width - 1); shift >= 0; shift -= 4) {
    out.push_back("0123456789abcdef"[code >> shift & 0xF]);
  }
}

std::string escape_for_repr(char32_t code) {
  std::string out = "\\";
  if (code == '\n') return "\\n";
  if (code == '\r') return "\\r";
  if (code == '\t') return "\\t";
  if (code >= kBadByte) code -= kBadByte;
  if (code < 0x100) {
    out += 'x';
    append_hex(out, code, 2);
  } else if (code < 0x10000) {
    out += 'u';
    append_hex(out, code, 4);
  } else {
    out += 'U';
    append_hex(out, code, 8);
  }
  return out;
}

bool append_string_repr(TextBuilder& out, const MarkedText& marked) {
  const std::string_view text = marked.text();
  const bool double_quoted =
      text.find('\'') != std::string_view::npos && text.find('"') == std::string_view::npos;
  const char quote = double_quoted ? '"' : '\'';
  if (!out.append(quote, false)) return false;
  MarkCursor marks(marked);
  std::size_t plain = 0;  // start of the bytes that are copied as they are
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t start = at;
    const char32_t code = next_code_point(text, at);
    const bool quoted = code == static_cast<char32_t>(quote) || code == '\\';
    if (!quoted && is_printable(code)) continue;
    if (!out.append(marked, plain, start)) return false;
    plain = at;
    const std::string escaped =
        quoted ? std::string{'\\', static_cast<char>(code)} : escape_for_repr(code);
    if (!out.append(escaped, marks.at(start))) return false;
  }
  return out.append(marked, plain, text.size()) && out.append(quote, false);
}

bool append_items(TextBuilder& out, const ListObject& list, std::string_view open,
                  std::string_view close, std::uint32_t depth) {
  if (!out.append(open, false)) return false;
  bool first = true;
  for (const Value& item : list.items) {
    if (!first && !out.append(", ", false)) return false;
    first = false;
    if (!append_repr(out, item, depth + 1)) return false;
  }
  return out.append(close, false);
}

bool append_list_repr(TextBuilder& out, const ListObject& list, std::uint32_t depth) {
  switch (list.flavor) {
    case ListFlavor::kTuple:
    case ListFlavor::kGroup:
      return append_items(out, list, "(", list.items.size() == 1 ? ",)" : ")", depth);
    case ListFlavor::kKeys:
      return append_items(out, list, "dict_keys([", "])", depth);
    case ListFlavor::kValues:
      return append_items(out, list, "dict_values([", "])", depth);
    case ListFlavor::kItems:
      return append_items(out, list, "dict_items([", "])", depth);
    case ListFlavor::kGenerator:
      return out.append("<generator object>", false);
    case ListFlavor::kRange: {
      const std::int64_t first = list.range_first;
      const std::int64_t stop = list.range_stop;
      const std::int64_t step = list.range_step;
      return out.append(step == 1 ? join("range(", first, ", ", stop, ")")
                                  : join("range(", first, ", ", stop, ", ", step, ")"),
                        false);
    }
    case ListFlavor::kList:
      break;
  }
  return append_items(out, list, "[", "]", depth);
}

bool append_dict_repr(TextBuilder& out, const DictObject& dict, std::uint32_t depth) {
  if (!out.append('{', false)) return false;
  bool first = true;
  for (const DictEntry& entry : dict.entries) {
    if (!first && !out.append(", ", false)) return false;
    first = false;
    if (!append_repr(out, entry.key, depth + 1)) return false;
    if (!out.append(": ", false) || !append_repr(out, entry.value, depth + 1)) return false;
  }
  return out.append('}', false);
}

}  // namespace

std::string float_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char digits[40];
  const auto end =
      std::to_chars(digits, digits + sizeof digits, value, std::chars_format::scientific);
  const std::string_view text(digits, static_cast<std::size_t>(end.ptr - digits));
  const std::size_t e = text.find('e');
  int exponent = 0;
  const std::size_t sign = text[e + 1] == '+' ? 1 : 0;
  std::from_chars(text.data() + e + 1 + sign, text.data() + text.size(), exponent);
  if (exponent < -4 || exponent >= 16) return std::string(text);
  char fixed[400];
  const auto fixed_end =
      std::to_chars(fixed, fixed + sizeof fixed, value, std::chars_format::fixed);
  std::string out(fixed, fixed_end.ptr);
  if (out.find('.') == std::string::npos) out += ".0";
  return out;
}

bool append_repr(TextBuilder& out, const Value& value, std::uint32_t depth) {
  Evaluation& evaluation = out.evaluation();
  if (depth > evaluation.limits().max_value_depth) {
    return evaluation.fail(StatusCode::kUnsupported, "a value is nested too deep to be printed");
  }
  if (!evaluation.charge(1)) return false;
  switch (value.kind()) {
    case Kind::kUndefined:
      return out.append("Undefined", false);
    case Kind::kString:
      if (!value.is_markup()) return append_string_repr(out, value.as_marked());
      return out.append("Markup(", false) && append_string_repr(out, value.as_marked()) &&
             out.append(")", false);
    case Kind::kList:
      return append_list_repr(out, value.as_list(), depth);
    case Kind::kDict:
      return append_dict_repr(out, value.as_dict(), depth);
    case Kind::kNamespace:
      return out.append("<Namespace ", false) &&
             append_repr(out, static_cast<NamespaceObject*>(value.object())->attributes,
                         depth + 1) &&
             out.append(">", false);
    default:
      return append_str(out, value);
  }
}

bool append_str(TextBuilder& out, const Value& value) {
  const bool marked = value.is_marked_scalar();
  switch (value.kind()) {
    case Kind::kUndefined:
      return true;
    case Kind::kNone:
      return out.append("None", marked);
    case Kind::kBool:
      return out.append(value.as_bool() ? "True" : "False", marked);
    case Kind::kInt:
      return out.append(join(value.as_int()), marked);
    case Kind::kFloat:
      return out.append(float_text(value.as_double()), marked);
    case Kind::kString:
      return out.append(value.as_marked());
    case Kind::kList:
    case Kind::kDict:
    case Kind::kNamespace:
      return append_repr(out, value);
    default:
      return out.append("<", false) && out.append(type_name(value), false) &&
             out.append(">", false);
  }
}

bool to_string(Evaluation& evaluation, const Value& value, Value* out) {
  if (value.is(Kind::kString)) {
    *out = value;
    return true;
  }
  TextBuilder text(evaluation);
  return append_str(text, value) && text.finish(out);
}

std::string_view type_name(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
      return "Undefined";
    case Kind::kNone:
      return "NoneType";
    case Kind::kBool:
      return "bool";
    case Kind::kInt:
      return "int";
    case Kind::kFloat:
      return "float";
    case Kind::kString:
      return value.is_markup() ? "Markup" : "str";
    case Kind::kList: {
      static constexpr std::string_view kNames[] = {
          "list", "tuple", "range", "dict_keys", "dict_values", "dict_items", "generator", "tuple"};
      return kNames[static_cast<int>(value.as_list().flavor)];
    }
    case Kind::kDict:
      return "dict";
    case Kind::kNamespace:
      return "Namespace";
    case Kind::kMacro:
      return "Macro";
    case Kind::kFunction:
      return "function";
    case Kind::kMethod:
      return "method";
    case Kind::kLoop:
      return "LoopContext";
    case Kind::kCycler:
      return "Cycler";
    case Kind::kJoiner:
      return "Joiner";
  }
  return "object";
}

}  // namespace minnow
