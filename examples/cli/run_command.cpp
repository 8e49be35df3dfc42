// minnow run: one answer, streamed to standard output; the figures go to standard error.
#include <memory>
#include <random>

#include "adapter_option.hpp"
#include "commands.hpp"
#include "console.hpp"
#include "failure.hpp"
#include "figures.hpp"
#include "interrupt.hpp"
#include "library_options.hpp"
#include "loading.hpp"

namespace minnow::program {

namespace {

struct RunRequest {
  std::string model, prompt, system;
  std::vector<std::string> words;
  bool raw = false, json = false, quiet = false;
  AdapterOption adapters;
  LibraryOptions options;
};

// What the callback writes into.
struct Answer {
  bool stream = true;
  std::string text;
  double first_text_seconds = 0;  // since the program started
};

minnow_flow on_text(void* user, const char* text, std::size_t n_bytes) {
  Answer& answer = *static_cast<Answer*>(user);
  if (answer.text.empty()) answer.first_text_seconds = seconds_since_start();
  answer.text.append(text, n_bytes);
  try {
    if (answer.stream) write_answer({text, n_bytes});
  } catch (const Failure&) {  // may not cross the library; the last write tells it again
    return MINNOW_STOP;
  }
  return was_interrupted() ? MINNOW_STOP : MINNOW_CONTINUE;
}

// -p, the words of the command line and what is piped in, in this order, with empty lines between.
std::string join_prompt(const RunRequest& request) {
  std::string words;
  for (const std::string& word : request.words) words += (words.empty() ? "" : " ") + word;
  std::string piped = read_piped_input();
  if (!request.raw && !piped.empty() && piped.back() == '\n') piped.pop_back();
  std::string prompt;
  for (const std::string& part : {request.prompt, words, piped}) {
    if (part.empty()) continue;
    if (!prompt.empty()) prompt += "\n\n";
    prompt += part;
  }
  if (prompt.empty())
    throw Failure(kExitUsage,
                  "there is no prompt: give it after the model, with -p, or pipe it in; `minnow "
                  "chat MODEL` talks");
  return prompt;
}

std::string random_seed() {
  return std::to_string(std::random_device{}() %
                        0xfffffffeu);  // the last one asks for a random one
}

minnow_reason answer_prompt(minnow_session* session, const RunRequest& request,
                            const std::string& prompt, bool use_template, Answer& answer) {
  minnow_reason reason = MINNOW_REASON_END;
  if (use_template) {
    if (!request.system.empty())
      check(minnow_session_chat(session, "system", request.system.c_str(), nullptr, nullptr,
                                nullptr));
    check(minnow_session_chat(session, "user", prompt.c_str(), &on_text, &answer, &reason));
    return reason;
  }
  const std::string text = request.system.empty() ? prompt : request.system + "\n\n" + prompt;
  check(minnow_session_complete(session, text.data(), text.size(), &on_text, &answer, &reason));
  return reason;
}

void write_json(const RunRequest& request, minnow_session* session, const Answer& answer,
                minnow_reason reason) {
  Json result = {
      {"model", model_path(request.model)}, {"text", answer.text}, {"reason", reason_name(reason)}};
  result.update(answer_figures(session));
  result["start_to_first_token_seconds"] = answer.first_text_seconds;
  write_out(json_line(result));
}

void run(RunRequest& request) {
  const std::string prompt = join_prompt(request);
  if (prompt.find('\0') != std::string::npos && !request.raw)
    throw Failure(kExitUsage, "the prompt holds a zero byte; --raw takes any bytes");
  request.options.set_default("seed", random_seed());
  const OptionsHandle options = request.options.make();
  const ModelHandle model = open_model(request.model, options.get());
  const bool has_template = model_int(model.get(), "has_template") != 0;
  const SessionHandle session = create_session(model.get(), options.get());
  request.adapters.attach_to(model.get(), session.get());
  const Interruptible interruptible(session.get());

  Answer answer;
  answer.stream = !request.json;
  const bool use_template = has_template && !request.raw;
  const minnow_reason reason = answer_prompt(session.get(), request, prompt, use_template, answer);
  if (was_interrupted()) throw Failure(kExitInterrupted, "interrupted");
  if (request.json) return write_json(request, session.get(), answer, reason);
  write_out(answer.text.empty() || answer.text.back() != '\n' ? "\n" : "");
  if (reason == MINNOW_REASON_CONTEXT)
    write_note("minnow: the context is full; -c gives the session more room");
  if (!request.quiet) write_note(dim(figures_line(answer_figures(session.get()))));
}

}  // namespace

void add_run_command(CLI::App& program) {
  const auto request = std::make_shared<RunRequest>();
  CLI::App* command =
      program.add_subcommand("run", "Answer one prompt; piped standard input is joined to it")
          ->alias("generate");
  command->add_option("model", request->model, "a GGUF file, or the name of a fetched model")
      ->required()
      ->type_name("MODEL");
  command->add_option("prompt", request->words, "the prompt")->type_name("PROMPT");
  command->add_option("-p,--prompt", request->prompt, "the prompt")->type_name("TEXT");
  command->add_option("-s,--system", request->system, "the system message")->type_name("TEXT");
  command->add_flag("--raw", request->raw, "continue the prompt as it is, without a chat template");
  command->add_flag("--json", request->json, "one JSON object instead of a stream");
  command->add_flag("-q,--quiet", request->quiet, "no line of figures");
  request->adapters.add_to(*command);
  request->options.add_to(
      *command, LibraryOptions::kMachine | LibraryOptions::kContext | LibraryOptions::kAnswering);
  command->callback([request] { run(*request); });
}

}  // namespace minnow::program
