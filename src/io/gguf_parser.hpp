// GgufParser: reads and checks the directory of one GGUF file, front to back, in linear memory and
// n log n time. Used by Gguf::read() only.
//
// What is merely wrong is noted and reading goes on; where the place of the next byte is not known
// any more, reading stops. Either way one Status names everything found.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <string_view>
#include <vector>

#include "base/mapped_file.hpp"
#include "base/status.hpp"
#include "io/byte_cursor.hpp"
#include "io/gguf.hpp"
#include "io/problems.hpp"

namespace minnow {

class GgufParser {
 public:
  GgufParser(const MappedFile& file, std::pmr::memory_resource* memory);

  // Fills `out` when all is well, else leaves it untouched.
  Status parse(Gguf& out);

 private:
  using Order = std::pmr::vector<std::uint32_t>;

  Status read_header();
  // These return false where reading cannot go on; the reason is then among the problems.
  bool read_directory();
  bool read_entry();
  bool read_value(std::string_view key, GgufValue& value);
  bool read_array(std::string_view key, GgufValue& value);
  bool read_array_head(std::string_view key, GgufType& type, std::uint64_t& n_elements);
  bool skip_elements(std::string_view key, GgufType type, std::uint64_t n_elements);
  bool read_tensor();
  bool ends_inside(std::string_view what, std::string_view name);

  void check_keys();
  void check_alignment();
  void check_tensor_names();
  void check_tensor(GgufTensor& tensor);
  bool check_tensor_size(GgufTensor& tensor);
  void check_overlaps();

  const MappedFile& file_;
  ByteCursor cursor_;
  Problems problems_;
  std::uint32_t version_ = 0;
  std::uint64_t n_tensors_ = 0;
  std::uint64_t n_entries_ = 0;
  std::uint64_t alignment_ = 32;
  bool alignment_is_good_ = true;
  std::uint64_t data_offset_ = 0;
  std::pmr::vector<GgufEntry> entries_;
  std::pmr::vector<GgufTensor> tensors_;
  Order entries_by_key_;
  Order tensors_by_name_;
};

}  // namespace minnow
