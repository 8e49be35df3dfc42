// How values print and compare: Python's str, repr, ==, <, in, bool and type names.
#pragma once

#include <string>

#include "template/text_builder.hpp"

namespace minnow {

// str(value); undefined prints as nothing.
bool append_str(TextBuilder& out, const Value& value);
// repr(value)
bool append_repr(TextBuilder& out, const Value& value, std::uint32_t depth = 0);
// str(value) as a value; a string is passed on as it is.
bool to_string(Evaluation& evaluation, const Value& value, Value* out);
// repr of a float: the shortest digits that read back.
std::string float_text(double value);

// bool(value)
bool truth(const Value& value);
// a == b
bool equal(Evaluation& evaluation, const Value& a, const Value& b, bool* out,
           std::uint32_t depth = 0);
// a < b and friends: writes below 0, 0 or above 0, or 2 for numbers that have no order (NaN).
// Refuses kinds that Python does not order; `sign` is for that message.
bool order(Evaluation& evaluation, const Value& a, const Value& b, std::string_view sign, int* out,
           std::uint32_t depth = 0);
// item in container
bool contains(Evaluation& evaluation, const Value& container, const Value& item, bool* out);
// type(value).__name__
std::string_view type_name(const Value& value);

}  // namespace minnow
