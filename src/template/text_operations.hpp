// Operations on marked text that both methods and filters offer.
#pragma once

#include "template/native.hpp"
#include "template/python_text.hpp"
#include "template/text_builder.hpp"

namespace minnow {

// text[begin:end] in bytes, as a value.
bool substring(Evaluation& evaluation, const MarkedText& text, std::size_t begin, std::size_t end,
               Value* out);
// Without the characters of `set` (nullptr: white space) at the left, the right, or both.
bool strip_text(Evaluation& evaluation, const MarkedText& text, const MarkedText* set, bool left,
                bool right, Value* out);
// At most `count` replacements, all if it is negative.
bool replace_text(Evaluation& evaluation, const MarkedText& text, const MarkedText& old,
                  const MarkedText& replacement, std::int64_t count, Value* out);

// Changes the case of each code point; first_of_word says whether the one before was no letter.
enum class CaseChange { kUpper, kLower, kTitle, kCapitalize, kSwap };
bool change_case(Evaluation& evaluation, const MarkedText& text, CaseChange change, Value* out);
// Pads with spaces to `width` code points; `left` and `right` say on which sides.
bool pad_text(Evaluation& evaluation, const MarkedText& text, std::int64_t width,
              std::string_view fill, bool left, bool right, Value* out);

}  // namespace minnow
