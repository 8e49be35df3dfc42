// minnow inspect: what a file holds and the memory it will take, without loading it.
#include <algorithm>
#include <memory>

#include "commands.hpp"
#include "console.hpp"
#include "failure.hpp"
#include "figures.hpp"
#include "library_options.hpp"
#include "loading.hpp"

namespace minnow::program {

namespace {

struct InspectRequest {
  std::string model;
  bool json = false, tensors = false;
  LibraryOptions options;
};

// A long value is cut: vocabularies come shortened from the library, templates do not.
std::string shown_value(const Json& value) {
  constexpr std::size_t kMost = 70;
  std::string text;
  if (value.is_object() && value.contains("first")) {
    const Json& first = value.at("first");
    const bool shortened = value.at("n") > first.size();
    text = first.dump(-1, ' ', false, Json::error_handler_t::replace);
    if (shortened) text.replace(text.size() - 1, 1, ", ...]");
    text = value.at("type").get<std::string>() + "[" + value.at("n").dump() + "] " + text;
  } else {
    text = value.is_number_float() ? as_float(value)
                                   : value.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  if (text.size() <= kMost) return text;
  std::size_t end = kMost;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
    --end;  // whole characters
  return text.substr(0, end) + "...";
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text;
}

std::string metadata_lines(const Json& metadata) {
  std::string lines = std::string("metadata\n");
  for (const auto& [key, value] : metadata.items())
    lines += "  " + padded(key, 42) + " " + shown_value(value) + "\n";
  return lines;
}

std::string tensor_lines(const Json& tensors) {
  std::string lines = std::string("tensors\n");
  for (const Json& tensor : tensors) {
    lines += "  " + padded(tensor.at("name"), 42) + " " + padded(tensor.at("type"), 8) + " " +
             padded(tensor.at("shape").dump(), 18) + " " + with_commas(tensor.at("n_bytes")) + "\n";
  }
  return lines;
}

std::string type_lines(const Json& types) {
  std::string lines = std::string("types\n");
  for (const auto& [type, count] : types.items())
    lines += "  " + padded(type, 8) + " " + padded(count.at("n").dump() + " tensors", 14) + " " +
             in_megabytes(count.at("n_bytes")) + "\n";
  return lines;
}

std::string memory_lines(const Json& memory) {
  const auto line = [&](const char* what, const char* name) {
    return "  " + padded(what, 42) + " " + with_commas(memory.at(name)) + "\n";
  };
  return "memory, in bytes, with a context of " + memory.at("n_ctx").dump() + " tokens\n" +
         line("weights, packed", "weights_bytes") +
         line("weights, mapped from the file", "mapped_bytes") + line("session", "session_bytes") +
         line("  of these keys and values", "kv_bytes") + line("together", "total_bytes");
}

void inspect(const InspectRequest& request) {
  const OptionsHandle options = request.options.make();
  const std::string path = model_path(request.model);
  char* text = nullptr;
  check_opening(minnow_model_inspect(path.c_str(), options.get(), &text), path);
  const OwnedText owned(text);
  if (request.json) return write_out(std::string(text) + "\n");
  const Json file = Json::parse(text);
  std::string lines = request.model + "\n  " + shown_value(file.at("architecture")) + " " +
                      shown_value(file.at("name")) + ", GGUF version " + file.at("version").dump() +
                      ", " + in_megabytes(file.value("n_bytes", 0.0)) + ", " +
                      std::to_string(file.at("tensors").size()) + " tensors\n";
  lines += metadata_lines(file.at("metadata"));
  if (request.tensors) lines += tensor_lines(file.at("tensors"));
  lines += type_lines(file.at("types"));
  if (file.contains("memory")) lines += memory_lines(file.at("memory"));
  if (file.contains("problem"))
    lines += "cannot be run\n  " + file.at("problem").get<std::string>() + "\n";
  write_answer(lines);
}

}  // namespace

void add_inspect_command(CLI::App& program) {
  const auto request = std::make_shared<InspectRequest>();
  CLI::App* command = program.add_subcommand(
      "inspect", "Show a file's metadata, tensors, types and the memory it will take");
  command->add_option("model", request->model, "a GGUF file, or the name of a fetched model")
      ->required()
      ->type_name("MODEL");
  command->add_flag("--tensors", request->tensors, "list every tensor");
  command->add_flag("--json", request->json, "everything as one JSON object");
  request->options.add_to(*command, LibraryOptions::kMachine | LibraryOptions::kContext);
  command->callback([request] { inspect(*request); });
}

}  // namespace minnow::program
