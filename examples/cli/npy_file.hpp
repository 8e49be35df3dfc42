// NpyFile: writes a float32 matrix as NumPy's .npy, row by row.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

namespace minnow::program {

class NpyFile {
 public:
  // Creates the file with its header for [n_rows, n_columns]. Failure names it.
  NpyFile(const std::string& path, std::int64_t n_rows, std::int64_t n_columns);
  void append(const float* values, std::size_t n_values);
  void close();  // what close() did not reach is not complete

 private:
  void write(const void* data, std::size_t n_bytes);

  std::string path_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
};

// Creates a folder for such files, and those above it. Failure names it.
void make_folder(const std::string& path);

}  // namespace minnow::program
