// ByteCursor: reads a run of untrusted bytes from front to back. Nothing behind the end is ever
// touched: each call says whether the bytes were there, and changes nothing when they were not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

namespace minnow {

class ByteCursor {
 public:
  explicit ByteCursor(std::span<const std::byte> bytes)
      : begin_(reinterpret_cast<const char*>(bytes.data())), n_bytes_(bytes.size()) {}

  std::size_t position() const { return position_; }
  std::size_t remaining() const { return n_bytes_ - position_; }

  template <class T>
  [[nodiscard]] bool take(T& out) {
    static_assert(std::is_trivially_copyable_v<T>);
    if (remaining() < sizeof(T)) return false;
    std::memcpy(&out, begin_ + position_, sizeof(T));
    position_ += sizeof(T);
    return true;
  }

  // A view of the next n_bytes bytes.
  [[nodiscard]] bool take_bytes(std::uint64_t n_bytes, std::string_view& out) {
    if (n_bytes > remaining()) return false;
    out = {begin_ + position_, static_cast<std::size_t>(n_bytes)};
    position_ += static_cast<std::size_t>(n_bytes);
    return true;
  }

  // A length of 64 bits and as many bytes.
  [[nodiscard]] bool take_string(std::string_view& out) {
    const std::size_t start = position_;
    std::uint64_t n_bytes = 0;
    if (take(n_bytes) && take_bytes(n_bytes, out)) return true;
    position_ = start;
    return false;
  }

  // What lies between an earlier position and this one.
  std::string_view since(std::size_t start) const { return {begin_ + start, position_ - start}; }

 private:
  const char* begin_;
  std::size_t n_bytes_;
  std::size_t position_ = 0;
};

}  // namespace minnow
