// Overflow-safe arithmetic on sizes. Every size that a file or a caller can influence is computed
// with these; each returns false and leaves `out` untouched when the exact result does not fit.
#pragma once

#include <concepts>
#include <limits>
#include <type_traits>

namespace minnow {

template <std::unsigned_integral T>
[[nodiscard]] constexpr bool checked_add(T a, std::type_identity_t<T> b, T& out) {
  if (b > std::numeric_limits<T>::max() - a) return false;
  out = static_cast<T>(a + b);
  return true;
}

template <std::unsigned_integral T>
[[nodiscard]] constexpr bool checked_mul(T a, std::type_identity_t<T> b, T& out) {
  if (a != 0 && b > std::numeric_limits<T>::max() / a) return false;
  out = static_cast<T>(a * b);
  return true;
}

// The smallest multiple of `multiple` that is not below `value`. False for a multiple of zero.
template <std::unsigned_integral T>
[[nodiscard]] constexpr bool checked_round_up(T value, std::type_identity_t<T> multiple, T& out) {
  if (multiple == 0) return false;
  const T rest = static_cast<T>(value % multiple);
  if (rest == 0) {
    out = value;
    return true;
  }
  return checked_add<T>(value, static_cast<T>(multiple - rest), out);
}

// Converts between integer types; false when `value` is not representable in `To`.
template <std::integral To, std::integral From>
[[nodiscard]] constexpr bool checked_narrow(From value, To& out) {
  const To result = static_cast<To>(value);
  if (static_cast<From>(result) != value || (value < From{0}) != (result < To{0})) return false;
  out = result;
  return true;
}

// True when [offset, offset + n_bytes) lies inside [0, size).
[[nodiscard]] constexpr bool range_fits(std::unsigned_integral auto offset,
                                        std::unsigned_integral auto n_bytes,
                                        std::unsigned_integral auto size) {
  return offset <= size && n_bytes <= size - offset;
}

constexpr bool is_power_of_two(std::unsigned_integral auto value) {
  return value != 0 && (value & (value - 1)) == 0;
}

}  // namespace minnow
