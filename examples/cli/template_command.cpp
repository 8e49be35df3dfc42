// minnow template: renders a chat template, a model's or a file's, with variables from a JSON file.
#include <memory>

#include "commands.hpp"
#include "console.hpp"
#include "failure.hpp"
#include "library_options.hpp"
#include "loading.hpp"

namespace minnow::program {

namespace {

struct TemplateRequest {
  std::string model, file, context, now;
  LibraryOptions options;
};

void render(const TemplateRequest& request) {
  if (request.model.empty() == request.file.empty())
    throw Failure(kExitUsage, "give either a MODEL or --template FILE");
  const std::string context =
      request.context == "-" ? read_piped_input() : read_file(request.context);
  const char* now = request.now.empty() ? nullptr : request.now.c_str();
  char* text = nullptr;
  std::size_t n_bytes = 0;
  if (!request.file.empty()) {
    const std::string source = read_file(request.file);
    check(minnow_template_render(source.data(), source.size(), context.data(), context.size(), now,
                                 &text, &n_bytes));
  } else {
    const ModelHandle model = open_vocabulary(request.model, request.options);
    check(minnow_model_apply_template(model.get(), context.data(), context.size(), now, &text,
                                      &n_bytes));
  }
  const OwnedText owned(text);
  write_out({text, n_bytes});
}

}  // namespace

void add_template_command(CLI::App& program) {
  const auto request = std::make_shared<TemplateRequest>();
  CLI::App* command = program.add_subcommand("template", "Render a chat template");
  command->add_option("model", request->model, "a GGUF file, or the name of a fetched model")
      ->type_name("MODEL");
  command->add_option("--template", request->file, "a Jinja file instead of a model's template")
      ->type_name("FILE");
  command
      ->add_option("--context", request->context,
                   "a JSON object; each member is a variable of the template")
      ->required()
      ->type_name("FILE");
  command
      ->add_option("--now", request->now, "the time for strftime_now, as \"2024-07-26 12:34:56\"")
      ->type_name("TIME");
  request->options.add_to(*command, LibraryOptions::kMachine);
  command->callback([request] { render(*request); });
}

}  // namespace minnow::program
