// The reference blocks of tests/data/blocks: an 8 x 512 matrix in every quantised type and in F16
// and BF16, with the values and products that an independent implementation computed. Missing or
// damaged files fail the test that asks for them.
#pragma once

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/formats/format.hpp"

namespace minnow::test {

inline constexpr int kBlockRows = 8;
inline constexpr int kBlockColumns = 512;

inline std::string read_block_file(const std::string& name) {
  std::ifstream file(std::string(MINNOW_TEST_DATA "/blocks/") + name, std::ios::binary);
  EXPECT_TRUE(file.good()) << "tests/data/blocks/" << name << " is missing";
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// The numbers of an .npy file of version 1, which must hold n_values of type T.
template <class T>
std::vector<T> read_npy(const std::string& name, std::size_t n_values) {
  const std::string bytes = read_block_file(name);
  std::vector<T> values(n_values);
  if (bytes.size() < 10 || bytes.compare(0, 6, "\x93NUMPY") != 0) {
    ADD_FAILURE() << name << " is no .npy file";
    return values;
  }
  const std::size_t header = 10 + static_cast<unsigned char>(bytes[8]) +
                             256 * static_cast<std::size_t>(static_cast<unsigned char>(bytes[9]));
  if (bytes.size() != header + n_values * sizeof(T)) {
    ADD_FAILURE() << name << " has " << bytes.size() << " bytes";
    return values;
  }
  std::memcpy(values.data(), bytes.data() + header, n_values * sizeof(T));
  return values;
}

// The formats that have reference blocks: all but F32.
inline std::vector<Format> reference_formats() {
  std::vector<Format> formats;
  for (const FormatInfo& info : kFormats)
    if (info.format != Format::kF32) formats.push_back(info.format);
  return formats;
}

// The raw rows of a reference matrix, checked for size.
inline std::string reference_rows(Format format) {
  std::string rows = read_block_file(std::string(format_info(format).name) + ".bin");
  const auto expected = static_cast<std::size_t>(kBlockRows * row_bytes(format, kBlockColumns));
  EXPECT_EQ(rows.size(), expected) << format_info(format).name;
  rows.resize(expected);
  return rows;
}

// Byte stream of the splitmix64 generator, the same as in the script behind digests.json.
inline std::vector<std::uint8_t> random_bytes(std::uint64_t seed, std::size_t n_bytes) {
  std::vector<std::uint8_t> bytes((n_bytes + 7) / 8 * 8);
  for (std::size_t i = 0; i < bytes.size(); i += 8) {
    std::uint64_t z = seed + 0x9e3779b97f4a7c15u * (i / 8 + 1);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    std::memcpy(bytes.data() + i, &z, sizeof z);
  }
  bytes.resize(n_bytes);
  return bytes;
}

// Each test runs once a format and is named after it.
inline std::string format_test_name(const testing::TestParamInfo<Format>& info) {
  return format_info(info.param).name;
}

}  // namespace minnow::test
