// Help, usage errors and exit codes of the program.
#include <gtest/gtest.h>
#include <signal.h>

#include "cli/program_process.hpp"

namespace minnow::program_test {
namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Program, HelpListsEveryCommand) {
  const Outcome help = run_program({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_EQ(help.err, "");
  std::size_t last = 0;
  for (const char* command : {"run", "chat", "tokenize", "detokenize", "logits", "infill", "embed",
                              "rerank", "perplexity", "inspect", "cpu", "bench", "template"}) {
    const std::size_t found = help.out.find(std::string("\n  ") + command);
    EXPECT_NE(found, std::string::npos) << command;
    EXPECT_GT(found, last) << command;
    last = found;
  }
  EXPECT_TRUE(contains(help.out, "Exit codes:"));
}

struct Promise {
  const char* command;
  std::vector<const char*> options;
};

TEST(Program, HelpOfEachCommandTellsItsFixedOptions) {
  const std::vector<Promise> promises = {
      {"run",
       {"-p,", "-s,", "--raw", "-n,", "--max-tokens", "--temp", "--top-k", "--top-p", "--seed",
        "--stop", "-t,", "--threads", "-c,", "--ctx-size", "--json", "--isa", "--kv-type"}},
      {"chat", {"-s,", "-n,", "--temp", "--no-history", "--isa", "--kv-type"}},
      {"tokenize", {"--text", "--file", "--batch", "--special", "--no-bos", "--json"}},
      {"detokenize", {"--batch", "--special", "--json"}},
      {"logits", {"--tokens", "--out", "--digest", "-t,", "--batch-size", "--isa", "--kv-type"}},
      {"infill", {"--prefix", "--suffix", "-n,", "--temp", "--json", "--isa", "--kv-type"}},
      {"embed",
       {"--text", "--file", "--batch", "--tokens", "--pooling", "--no-normalize", "--json", "--out",
        "-t,", "--isa"}},
      {"rerank", {"--query", "--documents", "--top-n", "--json", "-t,", "--isa"}},
      {"perplexity", {"--file", "--tokens", "--json", "--isa", "--kv-type"}},
      {"inspect", {"--json"}},
      {"cpu", {"--json", "--measure", "--isa"}},
      {"bench", {"-p,", "-n,", "-r,", "-t,", "--json", "--isa", "--kv-type"}},
      {"template", {"--template", "--context", "--now"}}};
  for (const Promise& promise : promises) {
    const Outcome help = run_program({promise.command, "--help"});
    EXPECT_EQ(help.exit_code, 0) << promise.command;
    for (const char* option : promise.options)
      EXPECT_TRUE(contains(help.out, option)) << promise.command << " " << option;
  }
}

TEST(Program, SaysItsVersion) {
  const Outcome version = run_program({"--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_EQ(version.out.rfind("minnow ", 0), 0u);
}

TEST(Program, WrongUsageIsTwo) {
  const std::string model = tiny("llama");
  const std::vector<std::vector<std::string>> wrong = {
      {},
      {"no-such-command"},
      {"run"},
      {"run", model, "--no-such-option"},
      {"run", model, "-p", "x", "--top-k", "many"},
      {"run", model, "-p", "x", "--threads", "1.5"},
      {"run", model, "-p", "x", "--isa", "abacus"},
      {"run", model, "-p", "x", "--kv-type", "q9"},
      {"run", model, "-p", "x", "--threads", "1000000"},
      {"run", model},
      {"logits", model, "--tokens", data_file("tiny/llama.tokens.json")},
      {"perplexity", model},
      {"template", "--context", "x.json"},
      {"bench", model, "-p", "0"}};
  for (const auto& arguments : wrong) {
    const Outcome outcome = run_program(arguments);
    std::string line;
    for (const std::string& argument : arguments) line += argument + " ";
    EXPECT_EQ(outcome.exit_code, 2) << line << "\n" << outcome.err;
    EXPECT_TRUE(arguments.empty() || !outcome.err.empty()) << line;
    EXPECT_TRUE(arguments.empty() || outcome.out.empty()) << line << outcome.out;
  }
}

TEST(Program, MessagesNameTheOptionAsTheUserWroteIt) {
  const Outcome outcome = run_program({"run", tiny("llama"), "-p", "x", "--top-k", "many"});
  EXPECT_TRUE(contains(outcome.err, "--top-k")) << outcome.err;
  EXPECT_TRUE(contains(outcome.err, "many")) << outcome.err;
}

TEST(Program, ModelThatCannotBeOpenedIsThree) {
  const ScratchFolder folder;
  const std::string whole = read_bytes(tiny("llama"));
  const std::vector<std::string> paths = {
      folder.file("missing.gguf"),
      folder.file(""),
      folder.write("empty.gguf", ""),
      folder.write("magic.gguf", "GGML" + whole.substr(4)),
      folder.write("header.gguf", whole.substr(0, 100)),
      folder.write("cut.gguf", whole.substr(0, whole.size() - 1000)),
      folder.write("text.gguf", "this is not a model\n")};
  for (const std::string& path : paths) {
    const Outcome outcome = run_program({"run", path, "-p", "Hello", "-n", "1"});
    EXPECT_EQ(outcome.exit_code, 3) << path << "\n" << outcome.err;
    EXPECT_EQ(outcome.out, "") << path;
    EXPECT_TRUE(contains(outcome.err, "minnow: ")) << path;
    EXPECT_EQ(outcome.signal, 0) << path;
  }
}

TEST(Program, ContextThatTakesTooMuchMemoryIsFive) {
  const Outcome outcome = run_program({"run", tiny("llama"), "-p", "x", "--memory-budget", "1000"});
  EXPECT_EQ(outcome.exit_code, 5) << outcome.err;
}

TEST(Program, ReaderThatGoesAwayEndsItQuietly) {
  Handling handling;
  handling.close_output_after = 1;
  // Far more output than a pipe holds, so the program cannot be done before the reader goes away.
  std::string text;
  for (int i = 0; i < 20000; ++i) text += "x y z ";
  const Outcome outcome = run_program({"tokenize", tiny("llama"), "--text", text}, handling);
  EXPECT_EQ(outcome.signal, SIGPIPE) << outcome.exit_code;
  EXPECT_EQ(outcome.err, "");
}

TEST(Program, InterruptIsOneHundredThirty) {
  Handling handling;
  handling.input.reset();  // it waits for its input
  handling.interrupt_after_ms = 300;
  const Outcome outcome = run_program({"run", tiny("llama"), "--raw"}, handling);
  EXPECT_EQ(outcome.exit_code, 130) << outcome.err;
}

}  // namespace
}  // namespace minnow::program_test
