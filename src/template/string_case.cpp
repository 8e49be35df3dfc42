// Case, classes of characters and padding, as methods.
#include "template/string_case.hpp"

#include "template/text_operations.hpp"

namespace minnow {
namespace {

bool changed(const NativeCall& call, CaseChange change, Value* out) {
  return change_case(call.evaluation, call.subject.as_marked(), change, out);
}

// Whether there are code points and all of them are in the class.
template <class InClass>
bool all_are(const NativeCall& call, InClass in_class, bool empty, Value* out) {
  const std::string_view text = call.subject.as_text();
  bool result = !text.empty() || empty;
  for (std::size_t at = 0; result && at < text.size();) {
    result = in_class(next_code_point(text, at));
  }
  *out = Value::boolean(result);
  return call.evaluation.charge_bytes(4 * text.size());
}

// At least one letter of this case and none of the other.
bool all_cased(const NativeCall& call, bool upper, Value* out) {
  const std::string_view text = call.subject.as_text();
  bool any = false;
  bool other = false;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t code = next_code_point(text, at);
    any |= upper ? is_upper(code) : is_lower(code);
    other |= upper ? is_lower(code) : is_upper(code);
  }
  *out = Value::boolean(any && !other);
  return call.evaluation.charge_bytes(4 * text.size());
}

bool padded(const NativeCall& call, bool left, bool right, Value* out) {
  std::int64_t width = 0;
  std::string_view fill = " ";
  if (!integer_slot(call, 0, "width", 0, &width)) return false;
  if (is_given(call.slot[1])) {
    const MarkedText* given = nullptr;
    if (!text_slot(call, 1, "the fill character", &given)) return false;
    if (count_code_points(given->text()) != 1) {
      return call.evaluation.refuse("The fill character must be exactly one character long");
    }
    fill = given->text();
  }
  return pad_text(call.evaluation, call.subject.as_marked(), width, fill, left, right, out);
}

}  // namespace

bool upper_method(const NativeCall& call, Value* out) {
  return changed(call, CaseChange::kUpper, out);
}
bool lower_method(const NativeCall& call, Value* out) {
  return changed(call, CaseChange::kLower, out);
}
bool title_method(const NativeCall& call, Value* out) {
  return changed(call, CaseChange::kTitle, out);
}
bool capitalize_method(const NativeCall& call, Value* out) {
  return changed(call, CaseChange::kCapitalize, out);
}
bool swapcase_method(const NativeCall& call, Value* out) {
  return changed(call, CaseChange::kSwap, out);
}
bool isdigit_method(const NativeCall& call, Value* out) {
  return all_are(call, is_digit, false, out);
}
bool isalpha_method(const NativeCall& call, Value* out) {
  return all_are(call, is_alpha, false, out);
}
bool isalnum_method(const NativeCall& call, Value* out) {
  return all_are(
      call, [](char32_t code) { return is_alpha(code) || is_digit(code); }, false, out);
}
bool isspace_method(const NativeCall& call, Value* out) {
  return all_are(call, is_space, false, out);
}
bool isupper_method(const NativeCall& call, Value* out) {
  return all_cased(call, true, out);
}
bool islower_method(const NativeCall& call, Value* out) {
  return all_cased(call, false, out);
}
bool isascii_method(const NativeCall& call, Value* out) {
  return all_are(
      call, [](char32_t code) { return code < 0x80; }, true, out);
}
bool isprintable_method(const NativeCall& call, Value* out) {
  return all_are(call, is_printable, true, out);
}

bool istitle_method(const NativeCall& call, Value* out) {
  const std::string_view text = call.subject.as_text();
  bool any = false;
  bool in_word = false;
  *out = Value::boolean(false);
  for (std::size_t at = 0; at < text.size();) {
    const char32_t code = next_code_point(text, at);
    if (is_upper(code) ? in_word : is_lower(code) && !in_word) return true;
    in_word = is_upper(code) || is_lower(code);
    any |= in_word;
  }
  *out = Value::boolean(any);
  return call.evaluation.charge_bytes(4 * text.size());
}

bool isidentifier_method(const NativeCall& call, Value* out) {
  const std::string_view text = call.subject.as_text();
  const bool digit_first = !text.empty() && text[0] >= '0' && text[0] <= '9';
  const auto in_class = [](char32_t code) {
    return is_alpha(code) || is_digit(code) || code == '_';
  };
  if (!all_are(call, in_class, false, out)) return false;
  if (digit_first) *out = Value::boolean(false);
  return true;
}

bool center_method(const NativeCall& call, Value* out) {
  return padded(call, true, true, out);
}
bool ljust_method(const NativeCall& call, Value* out) {
  return padded(call, false, true, out);
}
bool rjust_method(const NativeCall& call, Value* out) {
  return padded(call, true, false, out);
}

bool zfill_method(const NativeCall& call, Value* out) {
  std::int64_t width = 0;
  if (!integer_slot(call, 0, "width", 0, &width)) return false;
  const MarkedText& text = call.subject.as_marked();
  const bool sign = !text.empty() && (text.text()[0] == '-' || text.text()[0] == '+');
  const auto length = static_cast<std::int64_t>(count_code_points(text.text()));
  TextBuilder result(call.evaluation);
  return result.append(text, 0, sign ? 1 : 0) &&
         result.pad(static_cast<std::size_t>(width > length ? width - length : 0), "0") &&
         result.append(text, sign ? 1 : 0, text.size()) && result.finish(out);
}

bool expandtabs_method(const NativeCall& call, Value* out) {
  std::int64_t size = 8;
  if (!integer_slot(call, 0, "tabsize", 8, &size)) return false;
  const MarkedText& text = call.subject.as_marked();
  TextBuilder result(call.evaluation);
  std::int64_t column = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t start = at;
    const char32_t code = next_code_point(text.text(), at);
    if (code == '\t') {
      const std::int64_t n = size > 0 ? size - column % size : 0;
      if (!result.pad(static_cast<std::size_t>(n))) return false;
      column += n;
    } else {
      if (!result.append(text, start, at)) return false;
      column = code == '\n' || code == '\r' ? 0 : column + 1;
    }
  }
  return result.finish(out) && call.evaluation.charge_bytes(16 * text.size());
}

}  // namespace minnow
