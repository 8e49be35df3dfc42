#include "io/gguf_value.hpp"

#include <bit>
#include <limits>

namespace minnow {

static_assert(std::endian::native == std::endian::little, "GGUF is read on little-endian CPUs");

namespace {

struct TypeRow {
  std::string_view name;
  std::size_t n_bytes;  // 0: varies
  bool is_integer;
};

// By the type's number.
constexpr TypeRow kTypes[] = {
    {"uint8", 1, true},    {"int8", 1, true},   {"uint16", 2, true},   {"int16", 2, true},
    {"uint32", 4, true},   {"int32", 4, true},  {"float32", 4, false}, {"bool", 1, false},
    {"string", 0, false},  {"array", 0, false}, {"uint64", 8, true},   {"int64", 8, true},
    {"float64", 8, false},
};
constexpr std::size_t kTypeCount = sizeof kTypes / sizeof kTypes[0];

constexpr TypeRow row(GgufType type) {
  const auto i = static_cast<std::size_t>(type);
  return i < kTypeCount ? kTypes[i] : TypeRow{"unknown type", 0, false};
}

template <class T>
T load(const char* data) {
  T value;
  std::memcpy(&value, data, sizeof value);
  return value;
}

template <class T>
std::int64_t load_integer(const char* data) {
  const T value = load<T>(data);
  if constexpr (std::numeric_limits<T>::digits == 64) {
    constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
    if (value > static_cast<T>(kMax)) return kMax;
  }
  return static_cast<std::int64_t>(value);
}

// Nearest; beyond float32 it is infinite (the language leaves that conversion undefined).
float to_float32(double value) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  if (value >= 0x1.ffffffp127) return kInfinity;
  if (value <= -0x1.ffffffp127) return -kInfinity;
  return static_cast<float>(value);
}

}  // namespace

std::string_view gguf_type_name(GgufType type) {
  return row(type).name;
}
std::size_t gguf_type_bytes(GgufType type) {
  return row(type).n_bytes;
}
bool gguf_type_is_integer(GgufType type) {
  return row(type).is_integer;
}

std::int64_t GgufIntegers::operator[](std::size_t i) const {
  const char* element = data_ + i * gguf_type_bytes(type_);
  switch (type_) {
    case GgufType::kUint8:
      return load_integer<std::uint8_t>(element);
    case GgufType::kInt8:
      return load_integer<std::int8_t>(element);
    case GgufType::kUint16:
      return load_integer<std::uint16_t>(element);
    case GgufType::kInt16:
      return load_integer<std::int16_t>(element);
    case GgufType::kUint32:
      return load_integer<std::uint32_t>(element);
    case GgufType::kInt32:
      return load_integer<std::int32_t>(element);
    case GgufType::kUint64:
      return load_integer<std::uint64_t>(element);
    case GgufType::kInt64:
      return load_integer<std::int64_t>(element);
    default:
      return 0;  // never built of another type
  }
}

float GgufFloats::operator[](std::size_t i) const {
  const char* element = data_ + i * gguf_type_bytes(type_);
  if (type_ == GgufType::kFloat64) return to_float32(load<double>(element));
  return load<float>(element);
}

}  // namespace minnow
