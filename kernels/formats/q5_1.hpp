// Q5_1: 32 weights of 5 bits with a float16 scale and offset. weight = d * code + m.
#pragma once

#include <cstdint>

namespace minnow {

struct BlockQ5_1 {
  std::uint16_t d;      // float16
  std::uint16_t m;      // float16
  std::uint8_t qh[4];   // bit j of the little-endian 32: the fifth bit of weight j
  std::uint8_t qs[16];  // low nibble of byte j: weight j; high nibble: weight 16 + j
};
static_assert(sizeof(BlockQ5_1) == 24 && alignof(BlockQ5_1) == 2);

}  // namespace minnow
