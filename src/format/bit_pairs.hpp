// Two-bit fields as the formats with 256-element blocks store them: bits 2s of byte 32n + i belong
// to element 128n + 32s + i.
#pragma once

#include <cstdint>

namespace minnow {

// codes[0 ... 255] = field - zero
inline void split_pairs(const std::uint8_t (&bytes)[64], int zero, std::int8_t* codes) {
  for (int n = 0; n < 2; ++n)
    for (int s = 0; s < 4; ++s)
      for (int i = 0; i < 32; ++i)
        codes[128 * n + 32 * s + i] =
            static_cast<std::int8_t>(((bytes[32 * n + i] >> (2 * s)) & 3) - zero);
}

}  // namespace minnow
