#include "cli/program_output.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <sstream>

#include "cli/program_process.hpp"

namespace minnow::program_test {

std::string output_of(const std::vector<std::string>& arguments, const std::string& input) {
  Handling handling;
  handling.input = input;
  const Outcome outcome = run_program(arguments, handling);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  return outcome.out;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

Array read_array(const std::string& path) {
  const std::string bytes = read_bytes(path);
  EXPECT_EQ(bytes.substr(0, 6), "\x93NUMPY") << path;
  const std::size_t header =
      10 + (static_cast<unsigned char>(bytes[8]) |
            static_cast<std::size_t>(static_cast<unsigned char>(bytes[9])) << 8);
  EXPECT_EQ(header % 64, 0u) << path;
  const std::size_t open = bytes.find('(');
  Array array{bytes.substr(open, bytes.find(')') + 1 - open),
              std::vector<float>((bytes.size() - header) / sizeof(float))};
  std::memcpy(array.values.data(), bytes.data() + header, array.values.size() * sizeof(float));
  return array;
}

}  // namespace minnow::program_test
