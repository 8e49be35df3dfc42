// What the program wrote, as tests look at it.
#pragma once

#include <string>
#include <vector>

namespace minnow::program_test {

// Standard output of a run that has to end well.
std::string output_of(const std::vector<std::string>& arguments, const std::string& input = "");

std::vector<std::string> lines_of(const std::string& text);

// A float32 .npy file: the shape as its header says it, and the values.
struct Array {
  std::string shape;
  std::vector<float> values;
};
Array read_array(const std::string& path);

}  // namespace minnow::program_test
