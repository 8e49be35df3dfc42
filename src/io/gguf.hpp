// Gguf: the checked directory of a GGUF file (version 2 or 3, little-endian): its metadata and
// where each tensor lies. Nothing is copied: keys, strings, arrays and names are views into the
// mapped file. Everything in the file is untrusted and is checked here, once; readers of the
// directory need not check sizes, offsets or types again. It does not know what the keys mean or
// how blocks are decoded.
//
//   MappedFile file;
//   MINNOW_TRY(MappedFile::open(path, file));
//   Gguf gguf(memory);
//   MINNOW_TRY(gguf.read(file));
//   std::uint32_t n_layers = 0;
//   MINNOW_TRY(gguf.get_u32("llama.block_count", n_layers));
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mapped_file.hpp"
#include "base/status.hpp"
#include "io/gguf_value.hpp"

namespace minnow {

// Limits: far above every real file, so that a hostile one costs little.
inline constexpr std::size_t kGgufMaxKeys = 65536;
inline constexpr std::size_t kGgufMaxTensors = 131072;
inline constexpr int kGgufMaxDims = 4;
inline constexpr int kGgufMaxArrayDepth = 8;

struct GgufEntry {
  std::string_view key;
  GgufValue value;
};

struct GgufTensor {
  std::string_view name;
  std::uint32_t n_dims = 0;
  std::uint64_t dims[kGgufMaxDims] = {1, 1, 1, 1};  // dims[0]: elements of a row; unused ones are 1
  std::uint32_t format = 0;                         // the ggml type number as stored
  std::uint64_t offset = 0;                         // from the start of the file, in bytes
  std::uint64_t n_bytes = 0;  // 0: the format is not known (check_tensor says so)
};

// Immutable after read(), then any number of threads may use it. The MappedFile must outlive it.
class Gguf {
 public:
  // `memory` holds the directory (about 60 bytes a key and 100 a tensor) and must outlive the
  // object.
  explicit Gguf(std::pmr::memory_resource* memory);
  Gguf(const Gguf&) = delete;
  Gguf& operator=(const Gguf&) = delete;

  // Reads the directory of `file`. kBadFile or kUnsupported with one message that names all that is
  // wrong (the first 16 and how many more); the object is then as it was before.
  Status read(const MappedFile& file);

  std::uint32_t version() const { return version_; }
  std::uint64_t alignment() const { return alignment_; }
  std::uint64_t data_offset() const {
    return data_offset_;
  }  // where tensor data starts in the file
  std::span<const GgufEntry> entries() const { return entries_; }   // in the file's order
  std::span<const GgufTensor> tensors() const { return tensors_; }  // in the file's order

  // NULL when there is none. O(log n).
  const GgufValue* find(std::string_view key) const;
  const GgufTensor* find_tensor(std::string_view name) const;

  // A value by key. kNotFound when the key is absent; kBadFile naming the key when its type is
  // another one or the number is out of range. Integers are taken from any integer type, floats
  // from float32 and float64, strings as the file's bytes (not checked to be UTF-8).
  Status get_u32(std::string_view key, std::uint32_t& out) const;
  Status get_i32(std::string_view key, std::int32_t& out) const;
  Status get_u64(std::string_view key, std::uint64_t& out) const;
  Status get_i64(std::string_view key, std::int64_t& out) const;
  Status get_float(std::string_view key, float& out) const;
  Status get_bool(std::string_view key, bool& out) const;
  Status get_string(std::string_view key, std::string_view& out) const;

  // Arrays by key; the same statuses, also when the element type or the number of elements is
  // another one. `n_expected` of kAnyCount accepts every length.
  static constexpr std::size_t kAnyCount = static_cast<std::size_t>(-1);
  Status get_integers(std::string_view key, GgufIntegers& out,
                      std::size_t n_expected = kAnyCount) const;
  Status get_floats(std::string_view key, GgufFloats& out,
                    std::size_t n_expected = kAnyCount) const;
  // Appends nothing: `out` is replaced. Allocates from out's own memory resource.
  Status get_strings(std::string_view key, std::pmr::vector<std::string_view>& out,
                     std::size_t n_expected = kAnyCount) const;

  // A tensor that must be there with a known size: kNotFound, or kUnsupported naming the type
  // number.
  Status get_tensor(std::string_view name, const GgufTensor*& out) const;
  // kUnsupported naming the tensor and its type number when its format is not known.
  Status check_tensor(const GgufTensor& tensor) const;

  // The file's name, for messages.
  std::string_view file_name() const { return file_name_; }

 private:
  friend class GgufParser;
  Status require(std::string_view key, const GgufValue*& out) const;
  Status require_array(std::string_view key, std::size_t n_expected, const GgufValue*& out) const;
  Status wrong_type(std::string_view key, std::string_view wanted, const GgufValue& value) const;
  template <class T>
  Status get_integer(std::string_view key, T& out) const;

  std::string file_name_;
  std::uint32_t version_ = 0;
  std::uint64_t alignment_ = 32;
  std::uint64_t data_offset_ = 0;
  std::pmr::vector<GgufEntry> entries_;
  std::pmr::vector<GgufTensor> tensors_;
  std::pmr::vector<std::uint32_t> entries_by_key_;   // indices into entries_, keys ascending
  std::pmr::vector<std::uint32_t> tensors_by_name_;  // indices into tensors_, names ascending
};

}  // namespace minnow
