// Filters that make text of text: case, trim, replace, escape, indent, truncate, tojson and the
// like.
#include <algorithm>

#include "template/iteration.hpp"
#include "template/json_print.hpp"
#include "template/layout_filters.hpp"
#include "template/text_operations.hpp"
#include "template/value_text.hpp"

namespace minnow {
namespace {

// str(subject), as Jinja's soft_str.
bool subject_text(const NativeCall& call, Value* text) {
  return to_string(call.evaluation, call.subject, text);
}

template <CaseChange change>
bool cased(const NativeCall& call, Value* out) {
  Value text;
  return subject_text(call, &text) && change_case(call.evaluation, text.as_marked(), change, out);
}

// Jinja's title: letters behind white space, '-', or an opening bracket are capitals.
bool title(const NativeCall& call, Value* out) {
  Value text;
  if (!subject_text(call, &text)) return false;
  const MarkedText& marked = text.as_marked();
  TextBuilder result(call.evaluation);
  MarkCursor marks(marked);
  bool starts = true;
  for (std::size_t at = 0; at < marked.size();) {
    const bool is_marked = marks.at(at);
    const char32_t code = next_code_point(marked.text(), at);
    std::string piece;
    if (starts) {
      append_upper(piece, code);
    } else {
      append_lower(piece, code);
    }
    starts =
        is_space(code) || code == '-' || code == '(' || code == '[' || code == '{' || code == '<';
    if (!result.append(piece, is_marked)) return false;
  }
  return result.finish(out) && call.evaluation.charge_bytes(8 * marked.size());
}

bool trim(const NativeCall& call, Value* out) {
  Value text;
  const MarkedText* set = nullptr;
  if (!subject_text(call, &text)) return false;
  if (is_given(call.slot[0]) && !call.slot[0].is(Kind::kNone) &&
      !text_slot(call, 0, "trim's argument", &set)) {
    return false;
  }
  return strip_text(call.evaluation, text.as_marked(), set, true, true, out);
}

bool string(const NativeCall& call, Value* out) {
  return subject_text(call, out);
}

bool replace(const NativeCall& call, Value* out) {
  Value text;
  Value old;
  Value replacement;
  std::int64_t count = -1;
  if (is_given(call.slot[2]) && !call.slot[2].is(Kind::kNone) &&
      !integer_slot(call, 2, "count", -1, &count)) {
    return false;
  }
  if (!is_given(call.slot[1])) return call.evaluation.refuse("replace needs two arguments");
  return subject_text(call, &text) && to_string(call.evaluation, call.slot[0], &old) &&
         to_string(call.evaluation, call.slot[1], &replacement) &&
         replace_text(call.evaluation, text.as_marked(), old.as_marked(), replacement.as_marked(),
                      count, out);
}

bool center(const NativeCall& call, Value* out) {
  Value text;
  std::int64_t width = 80;
  return integer_slot(call, 0, "width", 80, &width) && subject_text(call, &text) &&
         pad_text(call.evaluation, text.as_marked(), width, " ", true, true, out);
}

bool force_escape(const NativeCall& call, Value* out) {
  Value text;
  TextBuilder result(call.evaluation);
  if (!subject_text(call, &text) || !append_escaped(result, text.as_marked())) return false;
  result.finish(out);
  out->set_markup();
  return true;
}

bool escape(const NativeCall& call, Value* out) {
  if (!call.subject.is_markup()) return force_escape(call, out);
  *out = call.subject;
  return true;
}

bool safe(const NativeCall& call, Value* out) {
  if (!subject_text(call, out)) return false;
  out->set_markup();
  return true;
}

bool word_count(const NativeCall& call, Value* out) {
  Value text;
  if (!subject_text(call, &text)) return false;
  std::int64_t n = 0;
  bool in_word = false;
  const std::string_view all = text.as_text();
  for (std::size_t at = 0; at < all.size();) {
    const char32_t code = next_code_point(all, at);
    const bool word = is_alpha(code) || is_digit(code) || code == '_';
    n += word && !in_word ? 1 : 0;
    in_word = word;
  }
  *out = Value::integer(n);
  return call.evaluation.charge_bytes(4 * all.size());
}

bool url_encode_text(TextBuilder& out, const MarkedText& text) {
  MarkCursor marks(text);
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char byte = text.text()[at];
    const bool plain = (byte >= '0' && byte <= '9') ||
                       ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z') ||
                       std::string_view("_.-~/").find(byte) != std::string_view::npos;
    const auto value = static_cast<unsigned char>(byte);
    const char escaped[] = {'%', "0123456789ABCDEF"[value >> 4], "0123456789ABCDEF"[value & 15]};
    if (!out.append(plain ? std::string_view(&byte, 1) : std::string_view(escaped, 3),
                    marks.at(at))) {
      return false;
    }
  }
  return out.evaluation().charge_bytes(8 * text.size());
}

bool url_encode(const NativeCall& call, Value* out) {
  if (call.subject.is(Kind::kDict) || call.subject.is(Kind::kList)) {
    return call.evaluation.fail(StatusCode::kUnsupported, "urlencode of a ",
                                type_name(call.subject), " is not supported");
  }
  Value text;
  TextBuilder result(call.evaluation);
  return subject_text(call, &text) && url_encode_text(result, text.as_marked()) &&
         result.finish(out);
}

// Without tags, comments and with single spaces between words, as markupsafe's striptags.
bool strip_tags(const NativeCall& call, Value* out) {
  Value text;
  if (!subject_text(call, &text)) return false;
  const MarkedText& marked = text.as_marked();
  const std::string_view all = marked.text();
  TextBuilder result(call.evaluation);
  MarkCursor marks(marked);
  bool space = false;
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t start = at;
    if (all[at] == '<') {
      const bool comment = all.substr(at, 4) == "<!--";
      const std::size_t end = comment ? all.find("-->", at + 4) : all.find('>', at);
      if (end != std::string_view::npos) {
        at = end + (comment ? 3 : 1);
        continue;
      }
      if (comment) return call.evaluation.fail(StatusCode::kUnsupported, "striptags: open comment");
    }
    const char32_t code = next_code_point(all, at);
    if (is_space(code)) {
      space = true;
      continue;
    }
    if (space && result.size() > 0 && !result.append(' ', marks.at(start))) return false;
    space = false;
    if (!result.append(marked, start, at)) return false;
    if (!call.evaluation.charge_bytes(8 * (at - start))) return false;
  }
  return result.finish(out);
}

bool json_separators(const NativeCall& call, const Value& given, JsonStyle* style) {
  Value parts;
  if (!to_items(call.evaluation, given, &parts)) return false;
  const auto& items = parts.as_list().items;
  if (items.size() != 2 || !items[0].is(Kind::kString) || !items[1].is(Kind::kString)) {
    return call.evaluation.refuse("tojson: separators must be two strings");
  }
  style->item_separator.clear();
  style->key_separator.clear();
  style->item_separator.append(items[0].as_marked());
  style->key_separator.append(items[1].as_marked());
  return true;
}

bool to_json(const NativeCall& call, Value* out) {
  JsonStyle style;
  const Value& indent = call.slot[1];
  style.ascii_only = truth_slot(call, 0, false);
  style.has_indent = is_given(indent) && !indent.is(Kind::kNone);
  if (style.has_indent && indent.is(Kind::kString)) {
    style.indent_text = &indent.as_marked();
  } else if (style.has_indent && !integer_slot(call, 1, "indent", 0, &style.indent)) {
    return false;
  }
  style.item_separator.append(style.has_indent ? "," : ", ", false);
  style.key_separator.append(": ", false);
  if (is_given(call.slot[2]) && !call.slot[2].is(Kind::kNone) &&
      !json_separators(call, call.slot[2], &style)) {
    return false;
  }
  style.sort_keys = truth_slot(call, 3, false);
  TextBuilder text(call.evaluation);
  return append_json(text, call.subject, style) && text.finish(out);
}

bool format(const NativeCall& call, Value* out) {
  const Arguments& given = call.arguments;
  if (given.n_positional > 0 && given.n_keywords > 0) {
    return call.evaluation.refuse("format takes positional or keyword arguments, not both");
  }
  Value text;
  if (!subject_text(call, &text)) return false;
  Value values = given.n_keywords > 0 ? Value::dict(&call.evaluation)
                                      : make_list(call.evaluation, ListFlavor::kTuple);
  for (std::size_t i = 0; i < given.n_positional; ++i) values.append(given.positional[i]);
  for (std::size_t i = 0; i < given.n_keywords; ++i) {
    values.set(given.keywords[i], given.keyword_values[i]);
  }
  return percent_format(call.evaluation, text, values, out);
}

constexpr NativeRow kTextFilters[] = {
    {"upper", "", cased<CaseChange::kUpper>},
    {"lower", "", cased<CaseChange::kLower>},
    {"capitalize", "", cased<CaseChange::kCapitalize>},
    {"title", "", title},
    {"trim", "chars", trim},
    {"string", "", string},
    {"replace", "old new count", replace},
    {"center", "width", center},
    {"escape", "", escape},
    {"e", "", escape},
    {"forceescape", "", force_escape},
    {"safe", "", safe},
    {"wordcount", "", word_count},
    {"urlencode", "", url_encode},
    {"striptags", "", strip_tags},
    {"tojson", "ensure_ascii indent separators sort_keys", to_json},
    {"format", "*", format},
    {"indent", "width first blank", indent_filter},
    {"truncate", "length killwords end leeway", truncate_filter},
    {"wordwrap", "width break_long_words wrapstring break_on_hyphens", wordwrap_filter},
};

}  // namespace

NativeTable text_filters() {
  return {kTextFilters, std::size(kTextFilters)};
}

bool append_escaped(TextBuilder& out, const MarkedText& text) {
  const std::string_view all = text.text();
  MarkCursor marks(text);
  std::size_t plain = 0;
  for (std::size_t at = 0; at < all.size(); ++at) {
    const std::size_t which = std::string_view("&<>'\"").find(all[at]);
    if (which == std::string_view::npos) continue;
    static constexpr std::string_view kEntities[] = {"&amp;", "&lt;", "&gt;", "&#39;", "&#34;"};
    if (!out.append(text, plain, at) || !out.append(kEntities[which], marks.at(at))) return false;
    plain = at + 1;
  }
  return out.append(text, plain, all.size());
}

}  // namespace minnow
