// GgufWriter: builds GGUF files in memory, correct ones and, field by field, broken ones.
//
//   GgufWriter writer;
//   writer.add_string("general.architecture", "llama");
//   writer.add_tensor("w", {32, 2}, kGgmlF32, bytes);
//   const std::vector<std::byte> file = writer.build();
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "io/gguf_value.hpp"

namespace minnow::testing_support {

using Bytes = std::vector<std::byte>;

// Appends a number in its little-endian bytes, or a length and the characters.
template <class T>
void append_number(Bytes& out, T value) {
  static_assert(std::is_arithmetic_v<T>);
  const std::size_t at = out.size();
  out.resize(at + sizeof value);
  std::memcpy(out.data() + at, &value, sizeof value);
}
void append_text(Bytes& out, std::string_view text);

// The metadata type that a C++ type is stored as.
template <class T>
constexpr GgufType gguf_type_of() {
  constexpr bool kSigned = std::is_signed_v<T>;
  static_assert(std::is_arithmetic_v<T> && sizeof(T) <= 8);
  if constexpr (std::is_same_v<T, bool>) {
    return GgufType::kBool;
  } else if constexpr (std::is_floating_point_v<T>) {
    return sizeof(T) == 4 ? GgufType::kFloat32 : GgufType::kFloat64;
  } else if constexpr (sizeof(T) == 1) {
    return kSigned ? GgufType::kInt8 : GgufType::kUint8;
  } else if constexpr (sizeof(T) == 2) {
    return kSigned ? GgufType::kInt16 : GgufType::kUint16;
  } else if constexpr (sizeof(T) == 4) {
    return kSigned ? GgufType::kInt32 : GgufType::kUint32;
  } else {
    return kSigned ? GgufType::kInt64 : GgufType::kUint64;
  }
}

class GgufWriter {
 public:
  // What the header says; tests of broken files change these.
  std::string magic = "GGUF";
  std::uint32_t version = 3;
  std::optional<std::uint64_t> claimed_tensors;  // instead of the true count
  std::optional<std::uint64_t> claimed_keys;
  std::uint64_t alignment = 32;  // where data goes; writes no key, add it yourself

  template <class T>
  void add(std::string_view key, T value) {
    Bytes payload;
    append_number(payload, value);
    add_raw(key, static_cast<std::uint32_t>(gguf_type_of<T>()), payload);
  }
  void add_string(std::string_view key, std::string_view text);
  template <class T>
  void add_array(std::string_view key, const std::vector<T>& values) {
    Bytes elements;
    for (const T value : values) append_number(elements, value);
    add_raw_array(key, static_cast<std::uint32_t>(gguf_type_of<T>()), values.size(), elements);
  }
  void add_strings(std::string_view key, const std::vector<std::string>& texts);
  // A value of any type number with any bytes.
  void add_raw(std::string_view key, std::uint32_t type, const Bytes& payload);
  void add_raw_array(std::string_view key, std::uint32_t element_type, std::uint64_t n_elements,
                     const Bytes& elements);

  // A tensor; its data goes behind that of the one before, aligned.
  void add_tensor(std::string_view name, const std::vector<std::uint64_t>& dims,
                  std::uint32_t ggml_type, const Bytes& data);
  // The same with an offset of its own; `data` is then not placed.
  void add_tensor_at(std::string_view name, const std::vector<std::uint64_t>& dims,
                     std::uint32_t ggml_type, std::uint64_t offset);

  Bytes build() const;
  // Where the directory ends and padding begins.
  std::size_t directory_bytes() const;

 private:
  Bytes directory() const;

  Bytes entries_;
  std::uint64_t n_entries_ = 0;
  Bytes tensors_;
  std::uint64_t n_tensors_ = 0;
  Bytes data_;
};

}  // namespace minnow::testing_support
