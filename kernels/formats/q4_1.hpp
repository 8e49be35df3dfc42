// Q4_1: 32 weights of 4 bits with a float16 scale and offset. weight = d * code + m.
#pragma once

#include <cstdint>

namespace minnow {

struct BlockQ4_1 {
  std::uint16_t d;      // float16
  std::uint16_t m;      // float16
  std::uint8_t qs[16];  // low nibble of byte j: weight j; high nibble: weight 16 + j
};
static_assert(sizeof(BlockQ4_1) == 20 && alignof(BlockQ4_1) == 2);

}  // namespace minnow
