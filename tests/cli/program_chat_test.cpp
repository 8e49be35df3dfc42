// minnow chat: commands, piped lines, and Ctrl-C and Ctrl-D on a terminal.
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "cli/program_process.hpp"

namespace minnow::program_test {
namespace {

Outcome chat(const std::string& input, std::vector<std::string> more = {}) {
  std::vector<std::string> arguments = {"chat", tiny("qwen2"), "-n", "4", "--temp", "0"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  Handling handling;
  handling.input = input;
  return run_program(arguments, handling);
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

TEST(ProgramChat, AnswersEachPipedMessage) {
  const Outcome outcome = chat("Hello\n\"\"\"two\nlines\"\"\"\nand \\\nmore\n");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(count(outcome.err, "[prompt "), 3u) << outcome.err;
  EXPECT_FALSE(outcome.out.empty());
}

TEST(ProgramChat, CommandsNeverReachTheModel) {
  const Outcome outcome =
      chat("/help\n/?\n/nonsense\n/set top_k many\n/set no_such 1\n/bye\nHello\n");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(count(outcome.err, "[prompt "), 0u);
  EXPECT_EQ(count(outcome.err, "/stats"), 2u);
  EXPECT_NE(outcome.err.find("/nonsense is no command"), std::string::npos);
  EXPECT_NE(outcome.err.find("'many' is not a whole number"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("no_such"), std::string::npos);
}

TEST(ProgramChat, SavesTheConversation) {
  const ScratchFolder folder;
  const Outcome outcome =
      chat("Hello\n/save " + folder.file("chat.json") + "\n", {"-s", "Be brief."});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto messages = nlohmann::json::parse(read_bytes(folder.file("chat.json")));
  ASSERT_EQ(messages.size(), 3u);
  EXPECT_EQ(messages[0].at("role"), "system");
  EXPECT_EQ(messages[1].at("content"), "Hello");
  EXPECT_EQ(messages[2].at("role"), "assistant");
}

TEST(ProgramChat, UndoRetryAndLoadEditTheConversation) {
  const ScratchFolder folder;
  const std::string first = folder.file("first.json"), second = folder.file("second.json");
  const Outcome outcome =
      chat("/undo\nOne\nTwo\n/undo\n/retry\n/save " + first + "\n/reset\n/load " + first +
           "\n/set top_k 1\nThree\n/save " + second + "\n/load " + folder.file("none") + "\n");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("there is no question yet"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("cannot read"), std::string::npos) << outcome.err;
  EXPECT_EQ(count(outcome.err, "[prompt "), 4u) << outcome.err;  // One, Two, One again, Three
  const auto saved = nlohmann::json::parse(read_bytes(first));
  ASSERT_EQ(saved.size(), 2u);
  EXPECT_EQ(saved[0].at("content"), "One");
  const auto later = nlohmann::json::parse(read_bytes(second));
  ASSERT_EQ(later.size(), 4u);  // /set kept what was loaded
  EXPECT_EQ(later[1], saved[1]);
  EXPECT_EQ(later[2].at("content"), "Three");
}

// A saved session goes on in another process as if it had never stopped, without reading it again.
TEST(ProgramChat, TakesUpASavedSession) {
  const ScratchFolder folder;
  const std::string path = folder.file("chat.mnw");
  const Outcome whole = chat("One\nTwo\n");
  const Outcome first = chat("One\n/save " + path + "\n");
  EXPECT_EQ(first.exit_code, 0) << first.err;
  const Outcome second = chat("/load " + path + "\nTwo\n");
  EXPECT_EQ(second.exit_code, 0) << second.err;
  EXPECT_EQ(first.out + second.out, whole.out);
  const auto last_prompt = [](const std::string& notes) {
    const std::size_t at = notes.rfind("[prompt ");
    return at == std::string::npos ? notes : notes.substr(at, notes.find(',', at) - at);
  };
  EXPECT_EQ(last_prompt(second.err), last_prompt(whole.err));  // only what is new was read

  const Outcome damaged =
      chat("/load " + folder.write("damaged.mnw", read_bytes(path).substr(0, 999)) + "\nOne\n");
  EXPECT_EQ(damaged.exit_code, 0);
  EXPECT_NE(damaged.err.find("damaged.mnw"), std::string::npos) << damaged.err;
  EXPECT_EQ(damaged.out, first.out);  // the conversation goes on without it
}

TEST(ProgramChat, ResetForgets) {
  const Outcome outcome = chat("Hello\n/reset\nHello\n/stats\n", {"--seed", "1"});
  const std::size_t first = outcome.err.find("[prompt ");
  const std::size_t second = outcome.err.find("[prompt ", first + 1);
  ASSERT_NE(second, std::string::npos) << outcome.err;
  const auto prompt = [&](std::size_t at) {
    return outcome.err.substr(at, outcome.err.find(',', at) - at);
  };
  EXPECT_EQ(prompt(first), prompt(second));  // as many tokens are read as the first time
  EXPECT_NE(outcome.err.find("% of the read bandwidth"), std::string::npos) << outcome.err;
}

// A terminal with the program in it.
class Terminal {
 public:
  explicit Terminal(const std::vector<std::string>& arguments) {
    const std::string program = program_path();
    std::vector<char*> words{const_cast<char*>(program.c_str())};
    for (const std::string& argument : arguments)
      words.push_back(const_cast<char*>(argument.c_str()));
    words.push_back(nullptr);
    child_ = forkpty(&terminal_, nullptr, nullptr, nullptr);
    if (child_ < 0) throw std::runtime_error("this machine gives no terminal (is /dev/pts there?)");
    if (child_ == 0) {
      setenv("TERM", "vt100", 1);
      execv(program.c_str(), words.data());
      _exit(127);
    }
  }
  ~Terminal() {
    if (!ended_) {
      kill(child_, SIGKILL);
      waitpid(child_, nullptr, 0);
    }
    close(terminal_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  void type(const std::string& keys) {
    ASSERT_EQ(write(terminal_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }

  // Reads until the text appears after what was awaited before; false after 20 seconds.
  bool wait_for(const std::string& text) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < deadline) {
      const std::size_t found = screen_.find(text, seen_);
      if (found != std::string::npos) {
        seen_ = found + text.size();
        return true;
      }
      pollfd end{terminal_, POLLIN, 0};
      if (poll(&end, 1, 50) <= 0) continue;
      char piece[1024];
      const ssize_t n = read(terminal_, piece, sizeof piece);
      if (n <= 0) return false;
      screen_.append(piece, static_cast<std::size_t>(n));
    }
    return false;
  }

  // The program has given the terminal back: it answers, and Ctrl-C is a signal again.
  bool wait_for_answering() {
    termios mode{};
    for (int i = 0; i < 400; ++i) {
      if (tcgetattr(terminal_, &mode) == 0 && (mode.c_lflag & ISIG) != 0) return true;
      usleep(50'000);
    }
    return false;
  }

  // -1 when the program has not ended by itself after 20 seconds.
  int exit_code() {
    int status = 0;
    for (int i = 0; i < 400; ++i) {
      if (waitpid(child_, &status, WNOHANG) == child_) {
        ended_ = true;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
      }
      usleep(50'000);
    }
    return -1;
  }

  const std::string& screen() const { return screen_; }

 private:
  int terminal_ = -1;
  pid_t child_ = -1;
  bool ended_ = false;
  std::string screen_;
  std::size_t seen_ = 0;
};

TEST(ProgramChat, OnATerminalInterruptDropsTheLineAndEndLeaves) {
  Terminal terminal({"chat", tiny("qwen2"), "-n", "4", "--temp", "0", "--no-history"});
  ASSERT_TRUE(terminal.wait_for("> ")) << terminal.screen();
  terminal.type("abc");
  ASSERT_TRUE(terminal.wait_for("abc")) << terminal.screen();
  terminal.type("\x03");
  ASSERT_TRUE(terminal.wait_for("/bye leaves")) << terminal.screen();
  terminal.type("Hello\r");
  ASSERT_TRUE(terminal.wait_for("[prompt ")) << terminal.screen();
  ASSERT_TRUE(terminal.wait_for("> ")) << terminal.screen();
  terminal.type("\x04");
  EXPECT_EQ(terminal.exit_code(), 0) << terminal.screen();
}

TEST(ProgramChat, InterruptStopsAnAnswerAndTheProgramGoesOn) {
  Terminal terminal({"chat", tiny("qwen2"), "-c", "8192", "--temp", "2", "--no-history", "--isa",
                     "scalar", "-t", "1", "--logit-bias", "0-inf", "--logit-bias", "2-inf"});
  ASSERT_TRUE(terminal.wait_for("> ")) << terminal.screen();
  terminal.type("Hello\r");
  ASSERT_TRUE(terminal.wait_for_answering()) << terminal.screen();
  terminal.type("\x03");
  ASSERT_TRUE(terminal.wait_for("(stopped)")) << terminal.screen();
  ASSERT_TRUE(terminal.wait_for("> ")) << terminal.screen();
  terminal.type("/bye\r");
  EXPECT_EQ(terminal.exit_code(), 0) << terminal.screen();
}

}  // namespace
}  // namespace minnow::program_test
