#include "runtime/options.hpp"

#include <algorithm>

namespace minnow {

namespace {

struct IntRow {
  const char* name;
  std::int64_t Options::*member;
  std::int64_t least;
  std::int64_t most;
};

struct TextRow {
  const char* name;
  std::string Options::*member;
  std::string_view choices;
};

constexpr IntRow kIntRows[] = {
#define MINNOW_INT_OPTION(scope, name, initial, least, most, meaning) \
  {#name, &Options::name, least, most},
#define MINNOW_TEXT_OPTION(scope, name, initial, choices, meaning)
#include "runtime/option_list.inc"
#undef MINNOW_INT_OPTION
#undef MINNOW_TEXT_OPTION
};

constexpr TextRow kTextRows[] = {
#define MINNOW_INT_OPTION(scope, name, initial, least, most, meaning)
#define MINNOW_TEXT_OPTION(scope, name, initial, choices, meaning) {#name, &Options::name, choices},
#include "runtime/option_list.inc"
#undef MINNOW_INT_OPTION
#undef MINNOW_TEXT_OPTION
};

bool is_choice(std::string_view choices, std::string_view value) {
  while (!choices.empty()) {
    const std::size_t bar = std::min(choices.find('|'), choices.size());
    if (choices.substr(0, bar) == value) return true;
    choices.remove_prefix(std::min(bar + 1, choices.size()));
  }
  return false;
}

const IntRow* find_int(std::string_view name) {
  for (const IntRow& row : kIntRows)
    if (name == row.name) return &row;
  return nullptr;
}

const TextRow* find_text(std::string_view name) {
  for (const TextRow& row : kTextRows)
    if (name == row.name) return &row;
  return nullptr;
}

// Levenshtein distance, for "did you mean". Names are short.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = diagonal + (a[i - 1] != b[j - 1] ? 1 : 0);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
    }
  }
  return row[b.size()];
}

// For a name that nothing took. A known one was given a number where it takes a text.
Status unknown_option(std::string_view name) {
  std::string nearest;
  std::size_t best = 64;
  for (const OptionRow& row : describe_options()) {
    const std::size_t d = distance(name.substr(0, 64), row.name);
    if (d < best) {
      best = d;
      nearest = row.name;
    }
  }
  if (best == 0)
    return error(StatusCode::kInvalidArgument, "option '", name, "' takes a text, not a number");
  return error(StatusCode::kNotFound, "there is no option '", name.substr(0, 64),
               "'; did you mean '", nearest, "'?");
}

}  // namespace

Status Options::set_int(std::string_view name, std::int64_t value) {
  if (const IntRow* row = find_int(name)) {
    if (value < row->least || value > row->most)
      return error(StatusCode::kInvalidArgument, "option '", name, "' is ", value,
                   ", which is not in ", row->least, "...", row->most);
    this->*row->member = value;
    return {};
  }
  return set_float(name, static_cast<double>(value));
}

Status Options::set_float(std::string_view name, double value) {
  if (find_int(name) != nullptr || find_text(name) != nullptr)
    return error(StatusCode::kInvalidArgument, "option '", name, "' does not take a ", value,
                 find_int(name) != nullptr ? "; it takes a whole number" : "; it takes a text");
  const Status status = set_sampling_option(name, value, &sampling);
  return status.code() == StatusCode::kNotFound ? unknown_option(name) : status;
}

Status Options::set_text(std::string_view name, std::string_view value) {
  if (name == "stop") {
    if (value.empty()) return error(StatusCode::kInvalidArgument, "a stop text must not be empty");
    stop.emplace_back(value);
    return {};
  }
  if (const TextRow* row = find_text(name)) {
    if (!row->choices.empty() && !is_choice(row->choices, value))
      return error(StatusCode::kInvalidArgument, "option '", name, "' is '", value.substr(0, 64),
                   "', which is not one of ", row->choices);
    this->*row->member = value;
    return {};
  }
  if (find_int(name) != nullptr)
    return error(StatusCode::kInvalidArgument, "option '", name, "' takes a whole number, not '",
                 value.substr(0, 64), "'");
  const Status status = set_sampling_option(name, value, &sampling);
  return status.code() == StatusCode::kNotFound ? unknown_option(name) : status;
}

std::vector<OptionRow> describe_options() {
  std::vector<OptionRow> rows = {
#define MINNOW_INT_OPTION(scope, name, initial, least, most, meaning) \
  {#name,                                                             \
   #scope,                                                            \
   "int",                                                             \
   static_cast<double>(least),                                        \
   static_cast<double>(most),                                         \
   join(static_cast<std::int64_t>(initial)),                          \
   "",                                                                \
   meaning},
#define MINNOW_TEXT_OPTION(scope, name, initial, choices, meaning) \
  {#name, #scope, "text", 0, 0, initial, choices, meaning},
#include "runtime/option_list.inc"
#undef MINNOW_INT_OPTION
#undef MINNOW_TEXT_OPTION
  };
  rows.push_back(
      {"stop", "session", "text", 0, 0, "", "", "a text that ends the answer; adds one"});
  for (const SamplingOption& option : sampling_options())
    rows.push_back({option.name, "session", option.type == OptionType::kReal ? "float" : "int",
                    option.least, option.most, join(option.initial), "", option.meaning});
  rows.push_back({"samplers", "session", "text", 0, 0, "", "",
                  "the order of the sampling chain, names separated by ';'"});
  rows.push_back({"logit_bias", "session", "text", 0, 0, "", "",
                  "adds to one token's logit, as in 15043+1.5 or 15043-inf; adds one"});
  return rows;
}

}  // namespace minnow
