// minnow pack: packs a model's weights into the cache folder now, so that openings with --cache-dir
// map them and start at once.
#include <memory>

#include "commands.hpp"
#include "console.hpp"
#include "failure.hpp"
#include "figures.hpp"
#include "library_options.hpp"
#include "loading.hpp"

namespace minnow::program {

namespace {

struct PackRequest {
  std::string model;
  LibraryOptions options;
};

void pack(const PackRequest& request) {
  if (!request.options.is_set("cache_dir"))
    throw Failure(kExitUsage, "say where to: --cache-dir FOLDER");
  const OptionsHandle options = request.options.make();
  std::string last_message;  // the library tells which file it wrote, or why it could not
  check(minnow_options_set_log(
            options.get(),
            [](void* user, int, const char* text) { *static_cast<std::string*>(user) = text; },
            &last_message),
        Doing::kReadingOptions);
  show_progress(options.get());
  const ModelHandle model = open_model(request.model, options.get());
  if (model_int(model.get(), "is_cached") == 0) throw Failure(kExitFailed, last_message);
  if (last_message.empty()) last_message = "the folder has this model's weights already";
  write_out(last_message + "\n");
}

}  // namespace

void add_pack_command(CLI::App& program) {
  const auto request = std::make_shared<PackRequest>();
  CLI::App* command =
      program.add_subcommand("pack", "Pack a model's weights into a folder for quick openings");
  command->add_option("model", request->model, "a GGUF file, or the name of a fetched model")
      ->required()
      ->type_name("MODEL");
  request->options.add_to(*command, LibraryOptions::kMachine);
  command->callback([request] { pack(*request); });
}

}  // namespace minnow::program
