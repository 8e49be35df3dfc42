#include "cli/program_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace minnow::program_test {

namespace {

using Clock = std::chrono::steady_clock;

struct Pipe {
  int read_end = -1, write_end = -1;
  Pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    read_end = ends[0];
    write_end = ends[1];
  }
  ~Pipe() {
    close_end(read_end);
    close_end(write_end);
  }
  static void close_end(int& end) {
    if (end >= 0) close(end);
    end = -1;
  }
};

[[noreturn]] void become_program(const std::vector<std::string>& arguments,
                                 const Handling& handling, Pipe& in, Pipe& out, Pipe& err) {
  dup2(in.read_end, STDIN_FILENO);
  dup2(out.write_end, STDOUT_FILENO);
  dup2(err.write_end, STDERR_FILENO);
  const std::string path = program_path();
  std::vector<char*> words{const_cast<char*>(path.c_str())};
  for (const std::string& argument : arguments)
    words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  for (const std::string& setting : handling.environment) {
    const std::size_t equals = setting.find('=');
    setenv(setting.substr(0, equals).c_str(), setting.substr(equals + 1).c_str(), 1);
  }
  execv(path.c_str(), words.data());
  _exit(127);
}

// Reads what is there; false at the end of the stream.
bool take(int& end, std::string& text) {
  char piece[4096];
  const ssize_t n = read(end, piece, sizeof piece);
  if (n > 0) text.append(piece, static_cast<std::size_t>(n));
  if (n <= 0) Pipe::close_end(end);
  return n > 0;
}

void collect(pid_t child, const Handling& handling, Pipe& out, Pipe& err, Outcome& outcome) {
  const auto start = Clock::now();
  bool interrupted = false;
  while (out.read_end >= 0 || err.read_end >= 0) {
    pollfd ends[2] = {{out.read_end, POLLIN, 0}, {err.read_end, POLLIN, 0}};
    poll(ends, 2, 20);
    if (ends[0].revents != 0) take(out.read_end, outcome.out);
    if (ends[1].revents != 0) take(err.read_end, outcome.err);
    if (outcome.out.size() >= handling.close_output_after) Pipe::close_end(out.read_end);
    const auto passed =
        std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start).count();
    if (!interrupted && handling.interrupt_after_ms >= 0 && passed >= handling.interrupt_after_ms) {
      kill(child, SIGINT);
      interrupted = true;
    }
    if (passed > 60'000) kill(child, SIGKILL);
  }
}

}  // namespace

// The program lies beside the tests in every build folder, unless the build says otherwise.
std::string program_path() {
#ifdef MINNOW_PROGRAM
  return MINNOW_PROGRAM;
#else
  const auto own = std::filesystem::read_symlink("/proc/self/exe");
  return (own.parent_path().parent_path() / "examples" / "cli" / "minnow").string();
#endif
}

Outcome run_program(const std::vector<std::string>& arguments, const Handling& handling) {
  signal(SIGPIPE, SIG_IGN);  // a program that does not read its input must not end the tests
  Pipe in, out, err;
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("cannot fork");
  if (child == 0) become_program(arguments, handling, in, out, err);
  Pipe::close_end(in.read_end);
  Pipe::close_end(out.write_end);
  Pipe::close_end(err.write_end);
  if (handling.input) {  // small enough for the pipe to hold
    (void)!write(in.write_end, handling.input->data(), handling.input->size());
    Pipe::close_end(in.write_end);
  }
  Outcome outcome;
  collect(child, handling, out, err, outcome);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status)) outcome.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) outcome.signal = WTERMSIG(status);
  return outcome;
}

std::string data_file(const std::string& name) {
  return std::string(MINNOW_TEST_DATA) + "/" + name;
}

std::string tiny(const std::string& name) {
  return data_file("tiny/" + name + ".gguf");
}

ScratchFolder::ScratchFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "minnow-cli-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no scratch folder");
  path_ = name;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string ScratchFolder::write(const std::string& name, const std::string& content) const {
  std::ofstream(file(name), std::ios::binary) << content;
  return file(name);
}

std::string read_bytes(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw std::runtime_error("no file " + path);
  std::ostringstream content;
  content << stream.rdbuf();
  return content.str();
}

}  // namespace minnow::program_test
