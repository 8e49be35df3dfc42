// The twelve bytes of Q4_K and Q5_K: eight six-bit scales and eight six-bit mins.
//
//   bytes 0...3   scales 0...3 in the low six bits; above them the top two bits of scales 4...7
//   bytes 4...7   mins 0...3 in the low six bits; above them the top two bits of mins 4...7
//   bytes 8...11  low four bits of scales 4...7 (low half) and of mins 4...7 (high half)
#pragma once

#include <cstdint>

#include "format/format_traits.hpp"

namespace minnow {

// Writes the eight scales, times d, and the eight mins.
inline void split_k_scales(const std::uint8_t (&packed)[12], float d, RuleBlock* out) {
  for (int i = 0; i < 4; ++i) {
    const int scale = packed[i];
    const int min = packed[4 + i];
    const int rest = packed[8 + i];
    out->scales[i] = d * static_cast<float>(scale & 0x3f);
    out->scales[4 + i] = d * static_cast<float>((rest & 0xf) | (scale >> 6) << 4);
    out->mins[i] = static_cast<std::uint8_t>(min & 0x3f);
    out->mins[4 + i] = static_cast<std::uint8_t>(rest >> 4 | (min >> 6) << 4);
  }
}

}  // namespace minnow
