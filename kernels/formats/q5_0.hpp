// Q5_0: 32 weights of 5 bits under one float16 scale. weight = d * (code - 16).
#pragma once

#include <cstdint>

namespace minnow {

struct BlockQ5_0 {
  std::uint16_t d;      // float16
  std::uint8_t qh[4];   // bit j of the little-endian 32: the fifth bit of weight j
  std::uint8_t qs[16];  // low nibble of byte j: weight j; high nibble: weight 16 + j
};
static_assert(sizeof(BlockQ5_0) == 22 && alignof(BlockQ5_0) == 2);

}  // namespace minnow
