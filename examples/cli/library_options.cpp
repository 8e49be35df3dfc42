#include "library_options.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "console.hpp"
#include "failure.hpp"
#include "loading.hpp"

namespace minnow::program {

namespace {

// Spellings beside the plain one (--top-k for top_k). The first is the one shown in messages.
struct Spelling {
  const char* name;
  const char* flags;
};
constexpr Spelling kSpellings[] = {
    {"threads", "--threads,-t"},
    {"n_ctx", "--ctx-size,-c,--n-ctx"},
    {"n_batch", "--batch-size,-b,--n-batch"},
    {"max_tokens", "--max-tokens,-n,--predict,--n-predict"},
    {"temperature", "--temp,--temperature"},
};

constexpr const char* kContextNames[] = {"n_ctx", "n_batch", "kv_type"};
constexpr const char* kAnswerNames[] = {"max_tokens", "stop"};
constexpr const char* kProgramsOwn[] = {"n_logits", "normalize", "pooling"};  // set by the commands
constexpr const char* kRepeatable[] = {"stop", "logit_bias"};

template <std::size_t n>
bool is_among(const char* const (&names)[n], const std::string& name) {
  return std::any_of(std::begin(names), std::end(names), [&](const char* x) { return name == x; });
}

std::string flags_of(const std::string& name) {
  for (const Spelling& spelling : kSpellings) {
    if (name == spelling.name) return spelling.flags;
  }
  std::string flag = "--" + name;
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

unsigned group_of(const std::string& name, const std::string& scope) {
  if (is_among(kProgramsOwn, name)) return 0;
  if (scope != "session") return LibraryOptions::kMachine;
  if (is_among(kContextNames, name)) return LibraryOptions::kContext;
  return is_among(kAnswerNames, name) ? LibraryOptions::kAnswering & ~LibraryOptions::kSampling
                                      : LibraryOptions::kSampling;
}

const char* title_of(unsigned group) {
  switch (group) {
    case LibraryOptions::kMachine:
      return "Machine";
    case LibraryOptions::kContext:
      return "Context";
    default:
      return "Answer and sampling";
  }
}

nlohmann::json described_options() {
  char* text = nullptr;
  check(minnow_options_describe(&text), Doing::kReadingOptions);
  const OwnedText owned(text);
  return nlohmann::json::parse(text);
}

// A described option's default, or "".
std::string default_of(const nlohmann::json& row) {
  const std::string initial = row.at("default");
  if (row.at("type") != "float") return initial;
  return as_float(std::strtod(initial.c_str(), nullptr));
}

template <class T>
T number(const std::string& value, const std::string& shown, const char* kind) {
  T result{};
  const char* end = value.data() + value.size();
  const auto [stop, problem] = std::from_chars(value.data(), end, result);
  if (problem != std::errc() || stop != end)
    throw Failure(kExitUsage, shown + ": '" + value + "' is not " + kind);
  return result;
}

}  // namespace

void set_option(minnow_options* options, const std::string& name, const std::string& type,
                const std::string& value, const std::string& shown) {
  minnow_status status = MINNOW_OK;
  if (type == "int") {
    const auto integer = number<std::int64_t>(value, shown, "a whole number");
    status = minnow_options_set_int(options, name.c_str(), integer);
  } else if (type == "float") {
    const auto real = number<double>(value, shown, "a number");
    status = minnow_options_set_float(options, name.c_str(), real);
  } else {
    status = minnow_options_set_text(options, name.c_str(), value.data(), value.size());
  }
  if (status == MINNOW_OUT_OF_MEMORY) check(status);
  if (status != MINNOW_OK) throw Failure(kExitUsage, shown + ": " + minnow_last_error());
}

void set_described_option(minnow_options* options, std::string name, const std::string& value) {
  std::replace(name.begin(), name.end(), '-', '_');
  std::string type = "text";  // of an unknown one the library says more
  for (const auto& row : described_options()) {
    if (row.at("name") == name) type = row.at("type");
  }
  set_option(options, name, type, value, name);
}

std::string LibraryOptions::describe() {
  std::string lines;
  for (const auto& row : described_options()) {
    if (row.at("for") != "session") continue;
    std::string name = row.at("name");
    name.resize(std::max<std::size_t>(name.size(), 20), ' ');
    lines += (lines.empty() ? "" : "\n") + name + " " + row.at("meaning").get<std::string>();
    const std::string initial = default_of(row);
    if (!initial.empty()) lines += " [" + initial + "]";
  }
  return lines;
}

void LibraryOptions::add_option(CLI::App& command, const std::string& group, Choice choice,
                                const std::string& description) {
  const std::string flags = choice.flag;
  choice.flag = flags.substr(0, flags.find(','));
  const bool repeatable = is_among(kRepeatable, choice.name);
  const std::string type = choice.type == "text" ? "TEXT" : choice.type == "int" ? "N" : "X";
  choices_.push_back(std::move(choice));
  CLI::Option* option = command.add_option(flags, choices_.back().values, description);
  option->group(group)->type_name(type)->allow_extra_args(false);
  if (!repeatable) option->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

void LibraryOptions::add_to(CLI::App& command, unsigned groups) {
  for (const auto& row : described_options()) {
    const std::string name = row.at("name");
    const unsigned group = group_of(name, row.at("for"));
    if ((group & groups) == 0) continue;
    std::string description = row.at("meaning");
    const std::string initial = default_of(row);
    if (row.contains("choices")) description += "; " + row.at("choices").get<std::string>();
    if (!initial.empty()) description += " [" + initial + "]";
    add_option(command, title_of(group), {name, row.at("type"), flags_of(name), {}}, description);
  }
}

void LibraryOptions::set_default(const std::string& name, const std::string& value) {
  if (is_set(name)) return;
  for (Choice& choice : choices_) {
    if (choice.name == name) {
      choice.values = {value};
      return;
    }
  }
  choices_.push_back({name, "int", name, {value}});
}

bool LibraryOptions::is_set(const std::string& name) const {
  return std::any_of(choices_.begin(), choices_.end(), [&](const Choice& choice) {
    return choice.name == name && !choice.values.empty();
  });
}

OptionsHandle LibraryOptions::make() const {
  minnow_options* made = nullptr;
  check(minnow_options_create(&made), Doing::kReadingOptions);
  OptionsHandle options(made);
  for (const Choice& choice : choices_) {
    for (const std::string& value : choice.values)
      set_option(made, choice.name, choice.type, value, choice.flag);
  }
  show_progress(made);
  return options;
}

}  // namespace minnow::program
