// The methods of str that cut, search and join.
#include <algorithm>

#include "template/dict_object.hpp"
#include "template/iteration.hpp"
#include "template/string_case.hpp"
#include "template/text_operations.hpp"
#include "template/text_search.hpp"
#include "template/value_text.hpp"

namespace minnow {
namespace {

constexpr std::size_t kNowhere = std::string_view::npos;

const MarkedText& text_of(const NativeCall& call) {
  return call.subject.as_marked();
}

bool push_part(const NativeCall& call, const MarkedText& text, std::size_t begin, std::size_t end,
               Value& list) {
  Value part;
  return substring(call.evaluation, text, begin, end, &part) &&
         push_item(call.evaluation, list.as_list(), std::move(part));
}

template <bool left, bool right>
bool strip(const NativeCall& call, Value* out) {
  const MarkedText* set = nullptr;
  if (is_given(call.slot[0]) && !call.slot[0].is(Kind::kNone) &&
      !text_slot(call, 0, "strip's argument", &set)) {
    return false;
  }
  return strip_text(call.evaluation, text_of(call), set, left, right, out);
}

// split() without separator: runs of white space separate.
bool split_spaces(const NativeCall& call, std::int64_t most, Value& list) {
  const std::string_view text = text_of(call).text();
  std::size_t begin = kNowhere;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t start = at;
    const bool space = is_space(next_code_point(text, at));
    if (!space && begin == kNowhere) {
      begin = start;
      if (most == 0) break;  // the rest, with its white space
    } else if (space && begin != kNowhere) {
      if (!push_part(call, text_of(call), begin, start, list)) return false;
      begin = kNowhere;
      --most;
    }
  }
  return begin == kNowhere || push_part(call, text_of(call), begin, text.size(), list);
}

bool rsplit_spaces(const NativeCall& call, std::int64_t most, Value& list) {
  const std::string_view text = text_of(call).text();
  std::size_t end = kNowhere;
  for (std::size_t at = text.size(); at > 0;) {
    const std::size_t start = previous_start(text, at);
    std::size_t next = start;
    const bool space = is_space(next_code_point(text, next));
    if (!space && end == kNowhere) {
      end = at;
      if (most == 0) break;
    } else if (space && end != kNowhere) {
      if (!push_part(call, text_of(call), at, end, list)) return false;
      end = kNowhere;
      --most;
    }
    at = start;
  }
  return end == kNowhere || push_part(call, text_of(call), 0, end, list);
}

bool split_arguments(const NativeCall& call, const MarkedText** separator, std::int64_t* most) {
  *separator = nullptr;
  if (!integer_slot(call, 1, "maxsplit", -1, most)) return false;
  if (!is_given(call.slot[0]) || call.slot[0].is(Kind::kNone)) return true;
  if (!text_slot(call, 0, "split's separator", separator)) return false;
  return !(*separator)->empty() || call.evaluation.refuse("empty separator");
}

bool split(const NativeCall& call, Value* out) {
  const MarkedText* separator = nullptr;
  std::int64_t most = -1;
  if (!split_arguments(call, &separator, &most)) return false;
  if (!call.evaluation.charge_bytes(4 * text_of(call).size())) return false;
  Value list = make_list(call.evaluation);
  if (separator == nullptr) {
    if (!split_spaces(call, most, list)) return false;
  } else {
    const std::string_view text = text_of(call).text();
    const TextSearch search(separator->text(), &call.evaluation);
    std::size_t begin = 0;
    for (std::size_t found; most != 0 && (found = search.find(text, begin)) != kNowhere; --most) {
      if (!push_part(call, text_of(call), begin, found, list)) return false;
      begin = found + separator->size();
    }
    if (!push_part(call, text_of(call), begin, text.size(), list)) return false;
  }
  *out = std::move(list);
  return true;
}

bool rsplit(const NativeCall& call, Value* out) {
  const MarkedText* separator = nullptr;
  std::int64_t most = -1;
  if (!split_arguments(call, &separator, &most)) return false;
  if (!call.evaluation.charge_bytes(16 * text_of(call).size())) return false;
  Value list = make_list(call.evaluation);
  if (separator == nullptr) {
    if (!rsplit_spaces(call, most, list)) return false;
  } else {
    const std::string_view text = text_of(call).text();
    std::size_t end = text.size();
    for (std::size_t at = end; most != 0 && at >= separator->size();) {
      const std::size_t start = at - separator->size();
      if (text.substr(start, separator->size()) == separator->text()) {
        if (!push_part(call, text_of(call), at, end, list)) return false;
        end = at = start;
        --most;
      } else {
        --at;
      }
    }
    if (!push_part(call, text_of(call), 0, end, list)) return false;
  }
  auto& items = list.as_list().items;
  std::reverse(items.begin(), items.end());
  *out = std::move(list);
  return true;
}

bool splitlines(const NativeCall& call, Value* out) {
  const std::string_view text = text_of(call).text();
  const bool keep = truth_slot(call, 0, false);
  Value list = make_list(call.evaluation);
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t start = at;
    const char32_t code = next_code_point(text, at);
    const bool ends = (code >= 10 && code <= 13) || (code >= 0x1C && code <= 0x1E) ||
                      code == 0x85 || code == 0x2028 || code == 0x2029;
    if (!ends) continue;
    if (code == '\r' && at < text.size() && text[at] == '\n') ++at;
    if (!push_part(call, text_of(call), begin, keep ? at : start, list)) return false;
    begin = at;
  }
  if (begin < text.size() && !push_part(call, text_of(call), begin, text.size(), list))
    return false;
  *out = std::move(list);
  return call.evaluation.charge_bytes(4 * text.size());
}

template <bool last>
bool partition(const NativeCall& call, Value* out) {
  const MarkedText* separator = nullptr;
  if (!text_slot(call, 0, "partition's separator", &separator)) return false;
  if (separator->empty()) return call.evaluation.refuse("empty separator");
  const std::string_view text = text_of(call).text();
  const TextSearch search(separator->text(), &call.evaluation);
  std::size_t found = search.find(text, 0);
  for (std::size_t next = found; last && next != kNowhere; next = search.find(text, next + 1)) {
    found = next;
    if (!call.evaluation.charge(1)) return false;
  }
  Value list = make_list(call.evaluation, ListFlavor::kTuple);
  const bool missing = found == kNowhere;
  const std::size_t begin = !missing ? found : last ? 0 : text.size();
  const std::size_t end = missing ? begin : found + separator->size();
  if (!push_part(call, text_of(call), 0, begin, list) ||
      !push_part(call, text_of(call), begin, end, list) ||
      !push_part(call, text_of(call), end, text.size(), list)) {
    return false;
  }
  *out = std::move(list);
  return call.evaluation.charge_bytes(4 * text.size());
}

bool replace(const NativeCall& call, Value* out) {
  const MarkedText* old = nullptr;
  const MarkedText* replacement = nullptr;
  std::int64_t count = -1;
  return text_slot(call, 0, "replace's first argument", &old) &&
         text_slot(call, 1, "replace's second argument", &replacement) &&
         integer_slot(call, 2, "count", -1, &count) &&
         replace_text(call.evaluation, text_of(call), *old, *replacement, count, out);
}

// The bytes that the slots `first` and `first + 1` (start, end in code points) select.
bool selected(const NativeCall& call, std::size_t first, std::size_t* begin,
              std::string_view* part) {
  const std::string_view text = text_of(call).text();
  *begin = 0;
  *part = text;
  if (!is_given(call.slot[first])) return true;
  const auto length = static_cast<std::int64_t>(count_code_points(text));
  std::int64_t start = 0;
  std::int64_t end = length;
  if (!call.slot[first].is(Kind::kNone) && !integer_slot(call, first, "start", 0, &start))
    return false;
  if (!call.slot[first + 1].is(Kind::kNone) &&
      !integer_slot(call, first + 1, "end", length, &end)) {
    return false;
  }
  if (start < 0) start = std::max<std::int64_t>(start + length, 0);
  if (end < 0) end = std::max<std::int64_t>(end + length, 0);
  *begin = code_point_offset(text, static_cast<std::size_t>(start));
  const std::size_t stop = code_point_offset(text, static_cast<std::size_t>(end));
  *part = stop < *begin ? std::string_view() : text.substr(*begin, stop - *begin);
  if (start > length) *part = std::string_view(nullptr, 0);
  return call.evaluation.charge_bytes(4 * text.size());
}

template <bool at_end>
bool has_affix(const NativeCall& call, Value* out) {
  std::size_t begin = 0;
  std::string_view part;
  if (!selected(call, 1, &begin, &part)) return false;
  const auto matches = [part](std::string_view affix) {
    if (affix.size() > part.size() || part.data() == nullptr) return false;
    return part.substr(at_end ? part.size() - affix.size() : 0, affix.size()) == affix;
  };
  const Value& affix = call.slot[0];
  bool found = false;
  if (affix.is(Kind::kString)) {
    found = matches(affix.as_text());
  } else if (affix.is(Kind::kList) && affix.as_list().flavor == ListFlavor::kTuple) {
    for (const Value& one : affix.as_list().items) {
      if (!one.is(Kind::kString)) return call.evaluation.refuse("tuple items must be strings");
      found |= matches(one.as_text());
    }
  } else {
    return call.evaluation.refuse(at_end ? "endswith" : "startswith",
                                  " first arg must be str or a tuple of str, not ",
                                  type_name(affix));
  }
  *out = Value::boolean(found);
  return true;
}

// Shared by find, rfind, index, rindex: a code point number or -1.
bool locate(const NativeCall& call, bool last, std::int64_t* where) {
  const MarkedText* needle = nullptr;
  std::size_t begin = 0;
  std::string_view part;
  if (!text_slot(call, 0, "the text to find", &needle)) return false;
  if (!selected(call, 1, &begin, &part)) return false;
  const TextSearch search(needle->text(), &call.evaluation);
  std::size_t found = part.data() == nullptr ? kNowhere : search.find(part, 0);
  if (last && found != kNowhere && needle->empty()) found = part.size();
  for (std::size_t next = found; last && next != kNowhere && !needle->empty();
       next = search.find(part, next + 1)) {
    found = next;
    if (!call.evaluation.charge(1 + needle->size() / 32)) return false;
  }
  const std::string_view text = text_of(call).text();
  *where = found == kNowhere
               ? -1
               : static_cast<std::int64_t>(count_code_points(text.substr(0, begin + found)));
  return call.evaluation.charge_bytes(4 * text.size());
}

template <bool last, bool must>
bool find(const NativeCall& call, Value* out) {
  std::int64_t where = -1;
  if (!locate(call, last, &where)) return false;
  if (must && where < 0) return call.evaluation.refuse("substring not found");
  *out = Value::integer(where);
  return true;
}

bool count(const NativeCall& call, Value* out) {
  const MarkedText* needle = nullptr;
  std::size_t begin = 0;
  std::string_view part;
  if (!text_slot(call, 0, "the text to count", &needle)) return false;
  if (!selected(call, 1, &begin, &part)) return false;
  std::int64_t n = 0;
  if (needle->empty()) {
    n = part.data() == nullptr ? 0 : static_cast<std::int64_t>(count_code_points(part)) + 1;
  } else {
    const TextSearch search(needle->text(), &call.evaluation);
    for (std::size_t at = 0; (at = search.find(part, at)) != kNowhere; at += needle->size()) ++n;
  }
  *out = Value::integer(n);
  return call.evaluation.charge_bytes(4 * part.size());
}

bool join_items(const NativeCall& call, Value* out) {
  Value items;
  if (!to_items(call.evaluation, call.slot[0], &items)) return false;
  TextBuilder result(call.evaluation);
  bool first = true;
  for (const Value& item : items.as_list().items) {
    if (!item.is(Kind::kString)) {
      return call.evaluation.refuse("join: expected str instance, ", type_name(item), " found");
    }
    if (!first && !result.append(text_of(call))) return false;
    first = false;
    if (!result.append(item.as_marked()) || !call.evaluation.charge(1)) return false;
  }
  return result.finish(out);
}

template <bool suffix>
bool remove_affix(const NativeCall& call, Value* out) {
  const MarkedText* affix = nullptr;
  if (!text_slot(call, 0, "the text to remove", &affix)) return false;
  const std::string_view text = text_of(call).text();
  const std::size_t n = affix->size();
  const std::size_t at = suffix && n <= text.size() ? text.size() - n : 0;
  if (n > text.size() || text.substr(at, n) != affix->text()) {
    *out = call.subject;
    return true;
  }
  return substring(call.evaluation, text_of(call), suffix ? 0 : n, suffix ? at : text.size(), out);
}

bool format_method(const NativeCall& call, Value* out) {
  return brace_format(call.evaluation, call.subject, call.arguments, out);
}

constexpr NativeRow kStringMethods[] = {
    {"strip", "chars", strip<true, true>},
    {"lstrip", "chars", strip<true, false>},
    {"rstrip", "chars", strip<false, true>},
    {"split", "sep maxsplit", split},
    {"rsplit", "sep maxsplit", rsplit},
    {"splitlines", "keepends", splitlines},
    {"partition", "sep", partition<false>},
    {"rpartition", "sep", partition<true>},
    {"replace", "old new count", replace},
    {"startswith", "prefix start end", has_affix<false>},
    {"endswith", "suffix start end", has_affix<true>},
    {"find", "sub start end", find<false, false>},
    {"rfind", "sub start end", find<true, false>},
    {"index", "sub start end", find<false, true>},
    {"rindex", "sub start end", find<true, true>},
    {"count", "sub start end", count},
    {"join", "iterable", join_items},
    {"removeprefix", "prefix", remove_affix<false>},
    {"removesuffix", "suffix", remove_affix<true>},
    {"format", "*", format_method},
    {"upper", "", upper_method},
    {"lower", "", lower_method},
    {"title", "", title_method},
    {"capitalize", "", capitalize_method},
    {"swapcase", "", swapcase_method},
    {"casefold", "", lower_method},
    {"isdigit", "", isdigit_method},
    {"isdecimal", "", isdigit_method},
    {"isnumeric", "", isdigit_method},
    {"isalpha", "", isalpha_method},
    {"isalnum", "", isalnum_method},
    {"isspace", "", isspace_method},
    {"isupper", "", isupper_method},
    {"islower", "", islower_method},
    {"isascii", "", isascii_method},
    {"isprintable", "", isprintable_method},
    {"istitle", "", istitle_method},
    {"isidentifier", "", isidentifier_method},
    {"center", "width fillchar", center_method},
    {"ljust", "width fillchar", ljust_method},
    {"rjust", "width fillchar", rjust_method},
    {"zfill", "width", zfill_method},
    {"expandtabs", "tabsize", expandtabs_method},
};

}  // namespace

NativeTable string_methods() {
  return {kStringMethods, std::size(kStringMethods)};
}

}  // namespace minnow
