#include "npy_file.hpp"

#include <bit>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "failure.hpp"

namespace minnow::program {

static_assert(std::endian::native == std::endian::little, "the header below says little-endian");

NpyFile::NpyFile(const std::string& path, std::int64_t n_rows, std::int64_t n_columns)
    : path_(path), file_(std::fopen(path.c_str(), "wb"), &std::fclose) {
  if (!file_) throw Failure(kExitFailed, "cannot create " + path + ": " + std::strerror(errno));
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" +
                       std::to_string(n_rows) + ", " + std::to_string(n_columns) + "), }";
  constexpr std::size_t kBefore = 10;  // magic, version, length
  header.resize((kBefore + header.size() + 1 + 63) / 64 * 64 - kBefore, ' ');
  header.back() = '\n';
  const char before[kBefore] = {'\x93',
                                'N',
                                'U',
                                'M',
                                'P',
                                'Y',
                                1,
                                0,
                                static_cast<char>(header.size() & 0xff),
                                static_cast<char>(header.size() >> 8)};
  write(before, sizeof before);
  write(header.data(), header.size());
}

void NpyFile::append(const float* values, std::size_t n_values) {
  write(values, n_values * sizeof(float));
}

void NpyFile::close() {
  if (std::fclose(file_.release()) != 0)
    throw Failure(kExitFailed, "cannot write " + path_ + ": " + std::strerror(errno));
}

void NpyFile::write(const void* data, std::size_t n_bytes) {
  if (std::fwrite(data, 1, n_bytes, file_.get()) != n_bytes)
    throw Failure(kExitFailed, "cannot write " + path_ + ": " + std::strerror(errno));
}

void make_folder(const std::string& path) {
  std::error_code problem;
  std::filesystem::create_directories(path, problem);
  if (problem) throw Failure(kExitFailed, "cannot create " + path + ": " + problem.message());
}

}  // namespace minnow::program
