// The 12 bytes in which Q4_K and Q5_K keep eight 6-bit scales and eight 6-bit minimums:
//   bytes 0...3   scale j (low 6 bits); the top two bits are bits 4 and 5 of scale j + 4
//   bytes 4...7   minimum j (low 6 bits); the top two bits are bits 4 and 5 of minimum j + 4
//   bytes 8...11  bits 0 to 3 of scale j + 4 (low nibble) and of minimum j + 4 (high nibble)
#pragma once

#include <cstdint>

namespace minnow {

[[gnu::always_inline]] constexpr std::uint8_t k_scale(const std::uint8_t* bytes, int j) {
  if (j < 4) return bytes[j] & 63;
  return static_cast<std::uint8_t>((bytes[j + 4] & 15) | (bytes[j - 4] >> 6 << 4));
}

[[gnu::always_inline]] constexpr std::uint8_t k_min(const std::uint8_t* bytes, int j) {
  if (j < 4) return bytes[j + 4] & 63;
  return static_cast<std::uint8_t>((bytes[j + 4] >> 4) | (bytes[j] >> 6 << 4));
}

}  // namespace minnow
