#include "adapter_option.hpp"

#include <charconv>
#include <filesystem>

#include "failure.hpp"

namespace minnow::program {

namespace {

struct Choice {
  std::string path;
  double scale = 1.0;
};

// "a.gguf:0.5" is half of a.gguf, unless there is a file of that whole name.
Choice read_choice(const std::string& given) {
  std::error_code problem;
  const std::size_t colon = given.rfind(':');
  if (colon == std::string::npos || std::filesystem::exists(given, problem)) return {given};
  Choice choice{given.substr(0, colon)};
  const char* const end = given.data() + given.size();
  const auto result = std::from_chars(given.data() + colon + 1, end, choice.scale);
  if (result.ec != std::errc() || result.ptr != end)
    throw Failure(kExitUsage, "--lora: '" + given.substr(colon + 1) + "' is not a scale");
  return choice;
}

}  // namespace

void AdapterOption::add_to(CLI::App& command) {
  command
      .add_option("--lora", given_,
                  "a LoRA adapter (GGUF), times SCALE (1 if not given); may be given again")
      ->type_name("FILE[:SCALE]")
      ->allow_extra_args(false);
}

void AdapterOption::attach_to(minnow_model* model, minnow_session* session) {
  for (std::size_t i = opened_.size(); i < given_.size(); ++i) {
    const Choice choice = read_choice(given_[i]);
    minnow_adapter* adapter = nullptr;
    check_opening(minnow_adapter_open(model, choice.path.c_str(), &adapter), choice.path);
    opened_.push_back({AdapterHandle(adapter), choice.scale});
  }
  for (const Opened& one : opened_)
    check(minnow_session_attach(session, one.adapter.get(), one.scale));
}

}  // namespace minnow::program
