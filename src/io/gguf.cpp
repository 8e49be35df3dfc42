#include "io/gguf.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/checked.hpp"
#include "base/quoted.hpp"
#include "io/byte_cursor.hpp"
#include "io/gguf_parser.hpp"

namespace minnow {

namespace {

// "uint32", "an array of string".
std::string describe(const GgufValue& value) {
  if (value.type != GgufType::kArray) return std::string(gguf_type_name(value.type));
  return join("an array of ", gguf_type_name(value.element_type));
}

template <class T>
T load(std::string_view payload) {
  T value;
  std::memcpy(&value, payload.data(), sizeof value);
  return value;
}

// Binary search over `order`, indices that sort `items` by name.
template <class Items, class Name>
auto find_by_name(const Items& items, const std::pmr::vector<std::uint32_t>& order,
                  std::string_view wanted, Name name) -> decltype(items.data()) {
  const auto at = std::lower_bound(
      order.begin(), order.end(), wanted,
      [&](std::uint32_t i, std::string_view text) { return name(items[i]) < text; });
  return at != order.end() && name(items[*at]) == wanted ? &items[*at] : nullptr;
}

}  // namespace

Gguf::Gguf(std::pmr::memory_resource* memory)
    : entries_(memory), tensors_(memory), entries_by_key_(memory), tensors_by_name_(memory) {}

Status Gguf::read(const MappedFile& file) {
  GgufParser parser(file, entries_.get_allocator().resource());
  return parser.parse(*this);
}

const GgufValue* Gguf::find(std::string_view key) const {
  const GgufEntry* entry = find_by_name(entries_, entries_by_key_, key,
                                        [](const GgufEntry& candidate) { return candidate.key; });
  return entry == nullptr ? nullptr : &entry->value;
}

const GgufTensor* Gguf::find_tensor(std::string_view name) const {
  return find_by_name(tensors_, tensors_by_name_, name,
                      [](const GgufTensor& candidate) { return candidate.name; });
}

Status Gguf::require(std::string_view key, const GgufValue*& out) const {
  const GgufValue* value = find(key);
  if (value == nullptr)
    return error(StatusCode::kNotFound, path_in_quotes(file_name_), ": the metadata has no key ",
                 in_quotes(key));
  out = value;
  return {};
}

Status Gguf::wrong_type(std::string_view key, std::string_view wanted,
                        const GgufValue& value) const {
  return error(StatusCode::kBadFile, path_in_quotes(file_name_), ": the key ", in_quotes(key),
               " is ", describe(value), ", ", wanted, " is expected");
}

template <class T>
Status Gguf::get_integer(std::string_view key, T& out) const {
  const GgufValue* value = nullptr;
  MINNOW_TRY(require(key, value));
  if (!gguf_type_is_integer(value->type)) return wrong_type(key, "an integer", *value);
  if (value->type == GgufType::kUint64) {  // the only type whose values an int64 may not hold
    const auto number = load<std::uint64_t>(value->payload);
    if (checked_narrow(number, out)) return {};
    return error(StatusCode::kBadFile, path_in_quotes(file_name_), ": the key ", in_quotes(key),
                 " is ", number, ", which is out of range");
  }
  const std::int64_t number = GgufIntegers(value->type, value->payload.data(), 1)[0];
  if (checked_narrow(number, out)) return {};
  return error(StatusCode::kBadFile, path_in_quotes(file_name_), ": the key ", in_quotes(key),
               " is ", number, ", which is out of range");
}

Status Gguf::get_u32(std::string_view key, std::uint32_t& out) const {
  return get_integer(key, out);
}
Status Gguf::get_i32(std::string_view key, std::int32_t& out) const {
  return get_integer(key, out);
}
Status Gguf::get_u64(std::string_view key, std::uint64_t& out) const {
  return get_integer(key, out);
}
Status Gguf::get_i64(std::string_view key, std::int64_t& out) const {
  return get_integer(key, out);
}

Status Gguf::get_float(std::string_view key, float& out) const {
  const GgufValue* value = nullptr;
  MINNOW_TRY(require(key, value));
  if (value->type != GgufType::kFloat32 && value->type != GgufType::kFloat64)
    return wrong_type(key, "a float", *value);
  out = GgufFloats(value->type, value->payload.data(), 1)[0];
  return {};
}

Status Gguf::get_bool(std::string_view key, bool& out) const {
  const GgufValue* value = nullptr;
  MINNOW_TRY(require(key, value));
  if (value->type != GgufType::kBool) return wrong_type(key, "a bool", *value);
  out = value->payload[0] != 0;
  return {};
}

Status Gguf::get_string(std::string_view key, std::string_view& out) const {
  const GgufValue* value = nullptr;
  MINNOW_TRY(require(key, value));
  if (value->type != GgufType::kString) return wrong_type(key, "a string", *value);
  out = value->payload;
  return {};
}

Status Gguf::require_array(std::string_view key, std::size_t n_expected,
                           const GgufValue*& out) const {
  const GgufValue* value = nullptr;
  MINNOW_TRY(require(key, value));
  if (value->type != GgufType::kArray) return wrong_type(key, "an array", *value);
  if (n_expected != kAnyCount && value->n_elements != n_expected)
    return error(StatusCode::kBadFile, path_in_quotes(file_name_), ": the array of key ",
                 in_quotes(key), " has ", value->n_elements, " elements, ", n_expected,
                 " are expected");
  out = value;
  return {};
}

Status Gguf::get_integers(std::string_view key, GgufIntegers& out, std::size_t n_expected) const {
  const GgufValue* value = nullptr;
  MINNOW_TRY(require_array(key, n_expected, value));
  if (!gguf_type_is_integer(value->element_type))
    return wrong_type(key, "an array of integers", *value);
  out = GgufIntegers(value->element_type, value->payload.data(),
                     static_cast<std::size_t>(value->n_elements));
  return {};
}

Status Gguf::get_floats(std::string_view key, GgufFloats& out, std::size_t n_expected) const {
  const GgufValue* value = nullptr;
  MINNOW_TRY(require_array(key, n_expected, value));
  if (value->element_type != GgufType::kFloat32 && value->element_type != GgufType::kFloat64)
    return wrong_type(key, "an array of floats", *value);
  out = GgufFloats(value->element_type, value->payload.data(),
                   static_cast<std::size_t>(value->n_elements));
  return {};
}

Status Gguf::get_strings(std::string_view key, std::pmr::vector<std::string_view>& out,
                         std::size_t n_expected) const {
  const GgufValue* value = nullptr;
  MINNOW_TRY(require_array(key, n_expected, value));
  if (value->element_type != GgufType::kString)
    return wrong_type(key, "an array of strings", *value);
  std::pmr::vector<std::string_view> strings(out.get_allocator());
  strings.reserve(static_cast<std::size_t>(value->n_elements));
  ByteCursor cursor(std::as_bytes(std::span(value->payload)));
  std::string_view text;
  while (cursor.take_string(text)) strings.push_back(text);  // the parser has counted them
  out = std::move(strings);
  return {};
}

Status Gguf::get_tensor(std::string_view name, const GgufTensor*& out) const {
  const GgufTensor* tensor = find_tensor(name);
  if (tensor == nullptr)
    return error(StatusCode::kNotFound, path_in_quotes(file_name_), ": there is no tensor ",
                 in_quotes(name));
  MINNOW_TRY(check_tensor(*tensor));
  out = tensor;
  return {};
}

Status Gguf::check_tensor(const GgufTensor& tensor) const {
  if (tensor.n_bytes != 0) return {};
  return error(StatusCode::kUnsupported, path_in_quotes(file_name_), ": tensor ",
               in_quotes(tensor.name), " is of the unknown type number ", tensor.format);
}

}  // namespace minnow
