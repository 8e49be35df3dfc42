// What the interpreter offers templates: filters, tests, methods and global functions. Each is a
// row: a name, its parameters, and a plain function. None calls back into the template.
#pragma once

#include <cstdint>
#include <string_view>

#include "template/evaluation.hpp"

namespace minnow {

// The arguments of a call, not yet matched with parameters.
struct Arguments {
  const Value* positional = nullptr;
  std::size_t n_positional = 0;
  const std::string_view* keywords = nullptr;
  const Value* keyword_values = nullptr;
  std::size_t n_keywords = 0;
};

inline constexpr std::size_t kMaxParameters = 6;

// One call: the value in front (a filter's or test's subject, a method's object) and the arguments.
// `slot` holds one value a parameter; is_given tells which were passed.
struct NativeCall {
  Evaluation& evaluation;
  const Value& subject;
  const Value* slot;
  const Arguments& arguments;  // for rows that take any number: parameters "*"
};

bool is_given(const Value& slot);

struct NativeRow {
  std::string_view name;
  std::string_view parameters;  // separated by spaces; "*" leaves the arguments to the function
  bool (*run)(const NativeCall& call, Value* out);
};

struct NativeTable {
  const NativeRow* rows;
  std::size_t n_rows;
};

// The row number of a name, or -1.
int find_native(const NativeTable& table, std::string_view name);
// Matches the arguments with the row's parameters and runs it.
bool run_native(Evaluation& evaluation, const NativeRow& row, const Value& subject,
                const Arguments& arguments, Value* out);

// Filters and tests are spread over several files, a table each; their rows have common numbers.
int find_filter(std::string_view name);
const NativeRow& filter_row(int number);
int find_test(std::string_view name);
const NativeRow& test_row(int number);
NativeTable text_filters();
NativeTable sequence_filters();
NativeTable selection_filters();
NativeTable number_filters();
NativeTable test_table();
// Methods by kind of object; empty for kinds without any.
NativeTable methods_of(const Value& object);
NativeTable string_methods();
// The names that Python's lists and dicts have and a sandbox refuses, because they change the
// value.
bool is_mutating_method(const Value& object, std::string_view name);
NativeTable global_functions();

// Reading a slot: the value, or the fallback when it was not given; refuses another kind.
bool integer_slot(const NativeCall& call, std::size_t slot, std::string_view what,
                  std::int64_t fallback, std::int64_t* out);
bool text_slot(const NativeCall& call, std::size_t slot, std::string_view what,
               const MarkedText** out);
bool truth_slot(const NativeCall& call, std::size_t slot, bool fallback);

}  // namespace minnow
