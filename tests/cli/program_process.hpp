// Runs the built program as a user would: arguments, standard input, exit code, both outputs.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace minnow::program_test {

struct Outcome {
  int exit_code = -1;  // -1 when a signal ended it
  int signal = 0;
  std::string out, err;
};

// What to do beside running: all of it is for the tests of interruption.
struct Handling {
  std::optional<std::string> input = "";  // nothing: standard input stays open without data
  std::size_t close_output_after = ~std::size_t{0};  // bytes read before the reader goes away
  int interrupt_after_ms = -1;                       // SIGINT then
  std::vector<std::string> environment;              // "NAME=value" beside the usual
};

// Ends the program after 60 seconds; the outcome's signal is then SIGKILL.
Outcome run_program(const std::vector<std::string>& arguments, const Handling& handling = {});

// Where the built program is.
std::string program_path();

// A file of tests/data.
std::string data_file(const std::string& name);
std::string tiny(const std::string& name);  // tests/data/tiny/<name>.gguf

// A folder that is removed at the end.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  std::string write(const std::string& name, const std::string& content) const;

 private:
  std::string path_;
};

std::string read_bytes(const std::string& path);

}  // namespace minnow::program_test
