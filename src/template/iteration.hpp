// Walking over values as Python's iter() does.
#pragma once

#include "template/evaluation.hpp"

namespace minnow {

// The items of anything that can be walked, as a list value: a list itself, the keys of a dict, the
// characters of a string, nothing for undefined; a generator is used up. Refuses other kinds.
bool to_items(Evaluation& evaluation, const Value& value, Value* items);
bool is_iterable(const Value& value);
// A sequence of `flavor` with the items that the caller fills in.
Value make_list(Evaluation& evaluation, ListFlavor flavor = ListFlavor::kList);
// Appends an item, within the limit on collections.
bool push_item(Evaluation& evaluation, ListObject& list, Value item);

// value.name and value[index] as Jinja's environment resolves them; undefined when there is none.
bool get_attribute(Evaluation& evaluation, const Value& object, std::string_view name,
                   std::uint32_t name_id, Value* out);
bool get_item(Evaluation& evaluation, const Value& object, const Value& index, Value* out);
bool get_slice(Evaluation& evaluation, const Value& object, const Value* bounds, Value* out);

// a op b for the arithmetic operators; `op` is an Operator.
bool arithmetic(Evaluation& evaluation, int op, const Value& a, const Value& b, Value* out);
bool negate(Evaluation& evaluation, const Value& a, bool minus, Value* out);

// format % arguments, and format.format(…)
struct Arguments;
bool percent_format(Evaluation& evaluation, const Value& format, const Value& arguments,
                    Value* out);
bool brace_format(Evaluation& evaluation, const Value& format, const Arguments& arguments,
                  Value* out);
// Appends `text` with & < > ' " as HTML entities.
struct NativeCall;
class TextBuilder;
bool append_escaped(TextBuilder& out, const MarkedText& text);

}  // namespace minnow
