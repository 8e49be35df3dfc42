// Tables of natives, and the matching of arguments with parameters.
#include "template/native.hpp"

#include "template/loop_object.hpp"
#include "template/value_text.hpp"

namespace minnow {
namespace {

// The tables of filters, one after another; a filter's number counts through all of them.
NativeTable filter_table(int which) {
  switch (which) {
    case 0:
      return text_filters();
    case 1:
      return sequence_filters();
    case 2:
      return selection_filters();
    default:
      return number_filters();
  }
}
constexpr int kFilterTables = 4;

// Splits the next word off a list of parameters.
std::string_view next_word(std::string_view& words) {
  const std::size_t space = words.find(' ');
  const std::string_view word = words.substr(0, space);
  words = space == std::string_view::npos ? std::string_view() : words.substr(space + 1);
  return word;
}

}  // namespace

bool is_given(const Value& slot) {
  return !slot.is(Kind::kUndefined) || slot.absence() != Absence::kMissingArgument;
}

int find_native(const NativeTable& table, std::string_view name) {
  for (std::size_t i = 0; i < table.n_rows; ++i) {
    if (table.rows[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

int find_filter(std::string_view name) {
  int base = 0;
  for (int which = 0; which < kFilterTables; ++which) {
    const NativeTable table = filter_table(which);
    const int row = find_native(table, name);
    if (row >= 0) return base + row;
    base += static_cast<int>(table.n_rows);
  }
  return -1;
}

const NativeRow& filter_row(int number) {
  int which = 0;
  while (number >= static_cast<int>(filter_table(which).n_rows)) {
    number -= static_cast<int>(filter_table(which++).n_rows);
  }
  return filter_table(which).rows[number];
}

int find_test(std::string_view name) {
  return find_native(test_table(), name);
}
const NativeRow& test_row(int number) {
  return test_table().rows[number];
}

bool run_native(Evaluation& evaluation, const NativeRow& row, const Value& subject,
                const Arguments& arguments, Value* out) {
  Value slots[kMaxParameters];
  if (row.parameters == "*") return row.run({evaluation, subject, slots, arguments}, out);
  std::size_t n_parameters = 0;
  std::size_t n_matched = 0;
  for (std::string_view words = row.parameters; !words.empty(); ++n_parameters) {
    const std::string_view word = next_word(words);
    Value& slot = slots[n_parameters];
    slot = Value::undefined(Absence::kMissingArgument, 0);
    if (n_parameters < arguments.n_positional) slot = arguments.positional[n_parameters];
    for (std::size_t i = 0; i < arguments.n_keywords; ++i) {
      if (arguments.keywords[i] != word) continue;
      if (n_parameters < arguments.n_positional) {
        return evaluation.refuse(row.name, "() got several values for argument '", word, "'");
      }
      slot = arguments.keyword_values[i];
      ++n_matched;
    }
  }
  if (arguments.n_positional > n_parameters) {
    return evaluation.refuse(row.name, "() takes at most ", n_parameters, " arguments");
  }
  if (n_matched < arguments.n_keywords) {
    return evaluation.refuse(row.name, "() got an argument that it does not know: '",
                             arguments.keywords[0], "'");
  }
  return row.run({evaluation, subject, slots, arguments}, out);
}

bool integer_slot(const NativeCall& call, std::size_t slot, std::string_view what,
                  std::int64_t fallback, std::int64_t* out) {
  const Value& value = call.slot[slot];
  *out = fallback;
  if (!is_given(value)) return true;
  if (!value.is_integral()) {
    return call.evaluation.refuse(what, " must be an integer, not ", type_name(value));
  }
  *out = value.as_int();
  return true;
}

bool text_slot(const NativeCall& call, std::size_t slot, std::string_view what,
               const MarkedText** out) {
  const Value& value = call.slot[slot];
  if (!is_given(value) || !value.is(Kind::kString)) {
    return call.evaluation.refuse(what, " must be a string, not ", type_name(value));
  }
  *out = &value.as_marked();
  return true;
}

bool truth_slot(const NativeCall& call, std::size_t slot, bool fallback) {
  return is_given(call.slot[slot]) ? truth(call.slot[slot]) : fallback;
}

}  // namespace minnow
