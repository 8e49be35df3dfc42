// tojson: JSON text as Python's json.dumps(ensure_ascii=False) writes it, as transformers sets it
// up.
#include <algorithm>

#include "template/dict_object.hpp"
#include "template/iteration.hpp"
#include "template/json_print.hpp"
#include "template/python_text.hpp"
#include "template/value_text.hpp"

namespace minnow {
namespace {

void append_unicode_escape(std::string& out, char32_t unit) {
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) {
    out.push_back("0123456789abcdef"[unit >> shift & 0xF]);
  }
}

// The escape of one code point, or nothing if it is written as it is.
std::string json_escape(char32_t code, bool ascii_only) {
  switch (code) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    case '\b':
      return "\\b";
    case '\f':
      return "\\f";
    default:
      break;
  }
  std::string out;
  if (code < 0x20 || (ascii_only && code >= 0x7F + 1 && code < 0x10000)) {
    append_unicode_escape(out, code);
  } else if (ascii_only && code >= 0x10000 && code < kBadByte) {
    append_unicode_escape(out, 0xD800 + ((code - 0x10000) >> 10));
    append_unicode_escape(out, 0xDC00 + ((code - 0x10000) & 0x3FF));
  }
  return out;
}

class JsonPrinter {
 public:
  JsonPrinter(TextBuilder& out, const JsonStyle& style) : out_(out), style_(style) {}
  bool print(const Value& value, std::uint32_t depth);

 private:
  bool print_string(const MarkedText& text);
  bool print_list(const ListObject& list, std::uint32_t depth);
  bool print_dict(const DictObject& dict, std::uint32_t depth);
  bool print_entry(const DictEntry& entry, bool first, std::uint32_t depth);
  bool print_key(const Value& key);
  bool new_line(std::uint32_t depth);

  TextBuilder& out_;
  const JsonStyle& style_;
};

bool JsonPrinter::new_line(std::uint32_t depth) {
  if (!style_.has_indent) return true;
  if (!out_.append('\n', false)) return false;
  if (style_.indent_text != nullptr) {
    for (std::uint32_t i = 0; i < depth; ++i) {
      if (!out_.append(*style_.indent_text)) return false;
    }
    return true;
  }
  if (style_.indent <= 0) return true;
  std::size_t n = 0;
  if (__builtin_mul_overflow(static_cast<std::size_t>(style_.indent), depth, &n)) n = SIZE_MAX;
  return out_.pad(n);
}

bool JsonPrinter::print_string(const MarkedText& marked) {
  const std::string_view text = marked.text();
  if (!out_.append('"', false)) return false;
  MarkCursor marks(marked);
  std::size_t plain = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t start = at;
    const char32_t code = next_code_point(text, at);
    if (code >= 0x20 && code != '"' && code != '\\' && !style_.ascii_only) continue;
    const std::string escaped = json_escape(code, style_.ascii_only);
    if (escaped.empty()) continue;
    if (!out_.append(marked, plain, start) || !out_.append(escaped, marks.at(start))) return false;
    plain = at;
  }
  return out_.append(marked, plain, text.size()) && out_.append('"', false);
}

bool JsonPrinter::print_list(const ListObject& list, std::uint32_t depth) {
  if (list.items.empty()) return out_.append("[]", false);
  if (!out_.append('[', false)) return false;
  bool first = true;
  for (const Value& item : list.items) {
    if (!first && !out_.append(style_.item_separator)) return false;
    first = false;
    if (!new_line(depth + 1) || !print(item, depth + 1)) return false;
  }
  return new_line(depth) && out_.append(']', false);
}

bool JsonPrinter::print_key(const Value& key) {
  if (key.is(Kind::kString)) return print_string(key.as_marked());
  if (key.is(Kind::kList)) {
    return out_.evaluation().refuse("keys must be str, int, float, bool or None, not ",
                                    type_name(key));
  }
  return out_.append('"', false) && print(key, 0) && out_.append('"', false);
}

bool JsonPrinter::print_entry(const DictEntry& entry, bool first, std::uint32_t depth) {
  if (!first && !out_.append(style_.item_separator)) return false;
  return new_line(depth + 1) && print_key(entry.key) && out_.append(style_.key_separator) &&
         print(entry.value, depth + 1);
}

bool JsonPrinter::print_dict(const DictObject& dict, std::uint32_t depth) {
  if (dict.entries.empty()) return out_.append("{}", false);
  if (!out_.append('{', false)) return false;
  bool first = true;
  if (!style_.sort_keys) {
    for (const DictEntry& entry : dict.entries) {
      if (!print_entry(entry, first, depth)) return false;
      first = false;
    }
    return new_line(depth) && out_.append('}', false);
  }
  std::pmr::vector<const DictEntry*> sorted(&out_.evaluation());
  for (const DictEntry& entry : dict.entries) {
    if (entry.key.kind() != dict.entries[0].key.kind()) {
      return out_.evaluation().refuse("keys of different types cannot be sorted");
    }
    sorted.push_back(&entry);
  }
  std::stable_sort(sorted.begin(), sorted.end(), [](const DictEntry* a, const DictEntry* b) {
    return KeyLess::compare(a->key, b->key, 0) < 0;
  });
  for (const DictEntry* entry : sorted) {
    if (!print_entry(*entry, first, depth)) return false;
    first = false;
  }
  return new_line(depth) && out_.append('}', false);
}

bool JsonPrinter::print(const Value& value, std::uint32_t depth) {
  Evaluation& evaluation = out_.evaluation();
  if (depth > evaluation.limits().max_value_depth) {
    return evaluation.fail(StatusCode::kUnsupported, "a value is nested too deep to be printed");
  }
  if (!evaluation.charge(1)) return false;
  const bool marked = value.is_marked_scalar();
  switch (value.kind()) {
    case Kind::kNone:
      return out_.append("null", marked);
    case Kind::kBool:
      return out_.append(value.as_bool() ? "true" : "false", marked);
    case Kind::kInt:
      return append_str(out_, value);
    case Kind::kFloat: {
      const std::string text = float_text(value.as_double());
      return out_.append(text == "inf"    ? "Infinity"
                         : text == "-inf" ? "-Infinity"
                         : text == "nan"  ? "NaN"
                                          : std::string_view(text),
                         marked);
    }
    case Kind::kString:
      return print_string(value.as_marked());
    case Kind::kDict:
      return print_dict(value.as_dict(), depth);
    case Kind::kList:
      if (value.as_list().flavor <= ListFlavor::kTuple ||
          value.as_list().flavor == ListFlavor::kGroup) {
        return print_list(value.as_list(), depth);
      }
      break;
    default:
      break;
  }
  return evaluation.refuse("Object of type ", type_name(value), " is not JSON serializable");
}

}  // namespace

bool append_json(TextBuilder& out, const Value& value, const JsonStyle& style) {
  return JsonPrinter(out, style).print(value, 0);
}

}  // namespace minnow
