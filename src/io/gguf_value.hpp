// The values of GGUF metadata: types, and views of arrays in a file. Elements are packed without
// alignment, so they are copied out one by one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace minnow {

enum class GgufType : std::uint32_t {
  kUint8 = 0,
  kInt8 = 1,
  kUint16 = 2,
  kInt16 = 3,
  kUint32 = 4,
  kInt32 = 5,
  kFloat32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kUint64 = 10,
  kInt64 = 11,
  kFloat64 = 12,
};

// "uint32", "array", …; "unknown type" outside the enumeration.
std::string_view gguf_type_name(GgufType type);
// Bytes of a value of fixed size; 0 for strings, arrays and unknown types.
std::size_t gguf_type_bytes(GgufType type);
bool gguf_type_is_integer(GgufType type);

// A value's bytes in the file: a scalar's own, a string's characters, an array's elements as
// stored.
struct GgufValue {
  GgufType type = GgufType::kUint8;
  GgufType element_type = GgufType::kUint8;  // of an array
  std::uint64_t n_elements = 0;              // of an array
  std::string_view payload;
};

// An array of integers of any width, element by element. Valid while the file is.
class GgufIntegers {
 public:
  GgufIntegers() = default;
  GgufIntegers(GgufType type, const char* data, std::size_t n) : type_(type), data_(data), n_(n) {}
  std::size_t size() const { return n_; }
  // An element above INT64_MAX is returned as INT64_MAX.
  std::int64_t operator[](std::size_t i) const;

 private:
  GgufType type_ = GgufType::kInt32;
  const char* data_ = nullptr;
  std::size_t n_ = 0;
};

// An array of float32, or of float64 rounded to float32. Valid while the file is.
class GgufFloats {
 public:
  GgufFloats() = default;
  GgufFloats(GgufType type, const char* data, std::size_t n) : type_(type), data_(data), n_(n) {}
  std::size_t size() const { return n_; }
  float operator[](std::size_t i) const;

 private:
  GgufType type_ = GgufType::kFloat32;
  const char* data_ = nullptr;
  std::size_t n_ = 0;
};

}  // namespace minnow
