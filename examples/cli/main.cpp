// The program `minnow`: reads the command line and hands over to a command.
#include <exception>
#include <new>

#include "commands.hpp"
#include "console.hpp"
#include "failure.hpp"
#include "figures.hpp"
#include "interrupt.hpp"
#include "loading.hpp"

namespace minnow::program {

namespace {

constexpr const char* kFooter =
    "`minnow COMMAND --help` tells more; `minnow MODEL` talks with a model.\n"
    "Exit codes: 0 done; 1 failed while running; 2 wrong usage; 3 the model cannot be opened or "
    "is\n"
    "malformed; 5 out of memory; 130 interrupted.";

bool is_command(const CLI::App& program, const std::string& word) {
  for (const CLI::App* command : program.get_subcommands(nullptr)) {
    if (command->check_name(word)) return true;
  }
  return false;
}

// `minnow MODEL` is `minnow chat MODEL` on a terminal, and `minnow run MODEL ...` otherwise.
std::vector<std::string> read_arguments(const CLI::App& program, int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  if (!words.empty() && words[0].rfind('-', 0) != 0 && !is_command(program, words[0])) {
    if (!is_model(words[0]))
      throw Failure(kExitUsage, "'" + words[0] +
                                    "' is neither a command nor a model file; `minnow --help` "
                                    "lists the commands");
    const bool talks = input_is_terminal() && output_is_terminal() && words.size() == 1;
    words.insert(words.begin(), talks ? "chat" : "run");
  }
  return {words.rbegin(), words.rend()};  // CLI11 takes them from the end
}

int run_program(int argc, char** argv) {
  CLI::App program("Small language models on the CPU", "minnow");
  program.set_version_flag("--version", "minnow " MINNOW_PROGRAM_VERSION);
  program.set_help_flag("-h,--help", "show this help and leave");
  program.require_subcommand(0, 1)->footer(kFooter);
  program.failure_message(CLI::FailureMessage::simple);
  program.get_formatter()->column_width(34);
  add_run_command(program);
  add_chat_command(program);
  add_tokenize_commands(program);
  add_logits_command(program);
  add_infill_command(program);
  add_embed_command(program);
  add_rerank_command(program);
  add_perplexity_command(program);
  add_inspect_command(program);
  add_pack_command(program);
  add_cpu_command(program);
  add_bench_command(program);
  add_template_command(program);
  if (argc < 2) {
    write_out(program.help());
    return kExitUsage;
  }
  try {
    program.parse(read_arguments(program, argc, argv));
  } catch (const CLI::ParseError& problem) {
    return program.exit(problem) == 0 ? kExitOk : kExitUsage;
  }
  return kExitOk;
}

int guarded_run(int argc, char** argv) {
  try {
    return run_program(argc, argv);
  } catch (const Failure& failure) {
    write_note(std::string("minnow: ") + failure.what());
    return failure.code();
  } catch (const std::bad_alloc&) {
    write_note("minnow: out of memory");
    return kExitNoMemory;
  } catch (const std::exception& problem) {
    write_note(std::string("minnow: ") + problem.what());
    return kExitFailed;
  }
}

}  // namespace

}  // namespace minnow::program

int main(int argc, char** argv) {
  minnow::program::remember_start();
  minnow::program::watch_interrupts();
  return minnow::program::guarded_run(argc, argv);
}
