// indent, truncate and wordwrap.
#include "template/layout_filters.hpp"

#include <algorithm>

#include "template/text_operations.hpp"
#include "template/value_text.hpp"

namespace minnow {
namespace {

// The end of the line that starts at `begin`, without its line break; `next` is the line behind it.
std::size_t line_end(std::string_view text, std::size_t begin, std::size_t* next) {
  const std::size_t end = std::min(text.find('\n', begin), text.size());
  *next = std::min(end + 1, text.size() + 1);
  return end;
}

bool is_word_end(std::string_view text, std::size_t at) {
  return at == text.size() || text[at] == ' ';
}

}  // namespace

bool indent_filter(const NativeCall& call, Value* out) {
  Value text;
  if (!to_string(call.evaluation, call.subject, &text)) return false;
  Value pad;
  if (is_given(call.slot[0]) && call.slot[0].is(Kind::kString)) {
    pad = call.slot[0];
  } else {
    std::int64_t width = 4;
    TextBuilder spaces(call.evaluation);
    if (!integer_slot(call, 0, "width", 4, &width)) return false;
    if (!spaces.pad(static_cast<std::size_t>(std::max<std::int64_t>(width, 0)))) return false;
    spaces.finish(&pad);
  }
  const bool first = truth_slot(call, 1, false);
  const bool blank = truth_slot(call, 2, false);
  const MarkedText& marked = text.as_marked();
  TextBuilder result(call.evaluation);
  std::size_t begin = 0;
  for (bool is_first = true; begin <= marked.size(); is_first = false) {
    std::size_t next = 0;
    const std::size_t end = line_end(marked.text(), begin, &next);
    const bool padded = is_first ? first : blank || end > begin;
    if (padded && !result.append(pad.as_marked())) return false;
    if (!result.append(marked, begin, std::min(next, marked.size()))) return false;
    if (!call.evaluation.charge(1)) return false;
    begin = next;
  }
  return result.finish(out);
}

bool truncate_filter(const NativeCall& call, Value* out) {
  Value text = call.subject;
  std::int64_t length = 255;
  std::int64_t leeway = 5;
  if (!integer_slot(call, 0, "length", 255, &length)) return false;
  if (!call.slot[3].is(Kind::kNone) && !integer_slot(call, 3, "leeway", 5, &leeway)) return false;
  Value ending = Value::string("...", false, &call.evaluation);
  if (is_given(call.slot[2]) && !to_string(call.evaluation, call.slot[2], &ending)) return false;
  const bool is_list = text.is(Kind::kList) && text.as_list().flavor != ListFlavor::kGenerator;
  if (!is_list && !text.is(Kind::kString) && !text.is(Kind::kUndefined)) {
    return call.evaluation.refuse("object of type '", type_name(text), "' has no len()");
  }
  const std::size_t size = is_list                  ? text.as_list().items.size()
                           : text.is(Kind::kString) ? count_code_points(text.as_text())
                                                    : 0;
  const auto n = static_cast<std::int64_t>(size);
  const auto n_ending = static_cast<std::int64_t>(count_code_points(ending.as_text()));
  if (length < n_ending || leeway < 0) {
    return call.evaluation.refuse("truncate: length or leeway is too small");
  }
  if (n <= length || n - length <= leeway) {
    *out = std::move(text);
    return true;
  }
  if (!text.is(Kind::kString)) return call.evaluation.refuse("only text can be truncated");
  const MarkedText& marked = text.as_marked();
  std::size_t end = code_point_offset(marked.text(), static_cast<std::size_t>(length - n_ending));
  if (!truth_slot(call, 1, false)) {
    const std::size_t space = marked.text().substr(0, end).rfind(' ');
    if (space != std::string_view::npos) end = space;
  }
  TextBuilder result(call.evaluation);
  return result.append(marked, 0, end) && result.append(ending.as_marked()) && result.finish(out);
}

// Breaks lines between words; a word longer than the width is cut when break_long_words says so.
bool wordwrap_filter(const NativeCall& call, Value* out) {
  Value text;
  std::int64_t width = 79;
  if (!to_string(call.evaluation, call.subject, &text)) return false;
  if (!integer_slot(call, 0, "width", 79, &width)) return false;
  if (width < 1) return call.evaluation.refuse("wordwrap: width must be above 0");
  const bool cut = truth_slot(call, 1, true);
  Value wrap = Value::string("\n", false, &call.evaluation);
  if (is_given(call.slot[2]) && !call.slot[2].is(Kind::kNone) &&
      !to_string(call.evaluation, call.slot[2], &wrap)) {
    return false;
  }
  const MarkedText& marked = text.as_marked();
  const std::string_view all = marked.text();
  TextBuilder result(call.evaluation);
  const auto limit = static_cast<std::size_t>(width);
  std::size_t column = 0;  // code points in the current line
  for (std::size_t at = 0; at < all.size();) {
    if (!call.evaluation.charge(1)) return false;
    if (all[at] == '\n') {
      if (!result.append(wrap.as_marked())) return false;
      column = 0;
      ++at;
      continue;
    }
    std::size_t word = at;
    while (word < all.size() && all[word] == ' ') ++word;
    std::size_t end = word;
    while (!is_word_end(all, end) && all[end] != '\n') ++end;
    const std::size_t spaces = word - at;
    std::size_t n = count_code_points(all.substr(word, end - word));
    const std::size_t room = limit > column + spaces ? limit - column - spaces : 0;
    if (column > 0 && cut && n > limit && room > 0) {  // a long word begins on this line
      const std::size_t part = word + code_point_offset(all.substr(word), room);
      if (!result.append(marked, at, part) || !result.append(wrap.as_marked())) return false;
      word = part;
      n -= room;
      column = 0;
    } else if (column > 0 && column + spaces + n > limit) {
      if (!result.append(wrap.as_marked())) return false;
      column = 0;
    } else if (n > 0) {
      if (!result.append(marked, at, word)) return false;
      column += spaces;
    }
    for (; cut && n > limit; n -= limit) {
      const std::size_t part = word + code_point_offset(all.substr(word), limit);
      if (!result.append(marked, word, part) || !result.append(wrap.as_marked())) return false;
      word = part;
    }
    if (!result.append(marked, word, end)) return false;
    column += n;
    at = end;
  }
  return result.finish(out);
}

}  // namespace minnow
