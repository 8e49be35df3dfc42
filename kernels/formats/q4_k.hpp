// Q4_K: 256 weights of 4 bits in 8 sub-blocks of 32, each with a 6-bit scale sc and minimum mn.
// weight = d * sc * code - dmin * mn.
#pragma once

#include <cstdint>

namespace minnow {

struct BlockQ4_K {
  std::uint16_t d;          // float16
  std::uint16_t dmin;       // float16
  std::uint8_t scales[12];  // see k_scales.hpp
  std::uint8_t qs[128];     // byte 32p + j: weight 64p + j (low nibble), 64p + 32 + j (high)
};
static_assert(sizeof(BlockQ4_K) == 144 && alignof(BlockQ4_K) == 2);

}  // namespace minnow
