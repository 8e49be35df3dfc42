// Four-bit fields as the formats with 32-element blocks store them: byte i has element i in its low
// half and element n + i in its high half.
#pragma once

#include <cstdint>

namespace minnow {

// codes[0 ... 2n - 1] = field - zero
inline void split_nibbles(const std::uint8_t* bytes, int n, int zero, std::int8_t* codes) {
  for (int i = 0; i < n; ++i) {
    codes[i] = static_cast<std::int8_t>((bytes[i] & 0xf) - zero);
    codes[n + i] = static_cast<std::int8_t>((bytes[i] >> 4) - zero);
  }
}

// codes[0 ... 2n - 1] = values[field]
inline void look_up_nibbles(const std::uint8_t* bytes, int n, const std::int8_t (&values)[16],
                            std::int8_t* codes) {
  for (int i = 0; i < n; ++i) {
    codes[i] = values[bytes[i] & 0xf];
    codes[n + i] = values[bytes[i] >> 4];
  }
}

// Adds the fifth bits: bit i of `high` is worth 16 in codes[i].
inline void add_fifth_bits(const std::uint8_t (&high)[4], std::int8_t* codes) {
  for (int i = 0; i < 32; ++i)
    codes[i] = static_cast<std::int8_t>(codes[i] + 16 * ((high[i / 8] >> (i % 8)) & 1));
}

}  // namespace minnow
