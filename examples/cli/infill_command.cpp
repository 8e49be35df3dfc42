// minnow infill: what belongs between two texts, for editors and code completion.
#include <memory>

#include "commands.hpp"
#include "console.hpp"
#include "failure.hpp"
#include "figures.hpp"
#include "interrupt.hpp"
#include "library_options.hpp"
#include "loading.hpp"

namespace minnow::program {

namespace {

struct InfillRequest {
  std::string model, prefix, suffix;
  bool json = false, quiet = false;
  LibraryOptions options;
};

struct Middle {
  bool stream = true;
  std::string text;
};

minnow_flow on_text(void* user, const char* text, std::size_t n_bytes) {
  Middle& middle = *static_cast<Middle*>(user);
  middle.text.append(text, n_bytes);
  try {
    if (middle.stream) write_answer({text, n_bytes});
  } catch (const Failure&) {  // may not cross the library; the last write tells it again
    return MINNOW_STOP;
  }
  return was_interrupted() ? MINNOW_STOP : MINNOW_CONTINUE;
}

std::string read_text(const std::string& path) {
  if (path.empty()) return "";
  return path == "-" ? read_piped_input() : read_file(path);
}

void infill(InfillRequest& request) {
  if (request.prefix.empty() && request.suffix.empty())
    throw Failure(kExitUsage, "there is nothing to fill in: give --prefix, --suffix or both");
  if (request.prefix == "-" && request.suffix == "-")
    throw Failure(kExitUsage, "only one of --prefix and --suffix can be piped in");
  const std::string prefix = read_text(request.prefix);
  const std::string suffix = read_text(request.suffix);
  request.options.set_default("temperature", "0");
  const OptionsHandle options = request.options.make();
  const ModelHandle model = open_model(request.model, options.get());
  const SessionHandle session = create_session(model.get(), options.get());
  const Interruptible interruptible(session.get());

  Middle middle;
  middle.stream = !request.json;
  minnow_reason reason = MINNOW_REASON_END;
  check(minnow_session_infill(session.get(), prefix.data(), prefix.size(), suffix.data(),
                              suffix.size(), &on_text, &middle, &reason));
  if (was_interrupted()) throw Failure(kExitInterrupted, "interrupted");
  if (request.json) {
    Json result = {{"model", model_path(request.model)},
                   {"text", middle.text},
                   {"reason", reason_name(reason)}};
    result.update(answer_figures(session.get()));
    return write_out(json_line(result));
  }
  write_out(output_is_terminal() ? "\n" : "");  // in a pipe, the middle and nothing else
  if (!request.quiet) write_note(dim(figures_line(answer_figures(session.get()))));
}

}  // namespace

void add_infill_command(CLI::App& program) {
  const auto request = std::make_shared<InfillRequest>();
  CLI::App* command =
      program.add_subcommand("infill",
                             "Write what belongs between two texts (greedily, unless "
                             "--temp says otherwise)");
  command->add_option("model", request->model, "a GGUF file, or the name of a fetched model")
      ->required()
      ->type_name("MODEL");
  command->add_option("--prefix", request->prefix, "a file with the text before the gap")
      ->type_name("FILE");
  command->add_option("--suffix", request->suffix, "a file with the text behind it")
      ->type_name("FILE");
  command->add_flag("--json", request->json, "one JSON object instead of a stream");
  command->add_flag("-q,--quiet", request->quiet, "no line of figures");
  request->options.add_to(
      *command, LibraryOptions::kMachine | LibraryOptions::kContext | LibraryOptions::kAnswering);
  command->callback([request] { infill(*request); });
}

}  // namespace minnow::program
