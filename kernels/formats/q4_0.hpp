// Q4_0: 32 weights of 4 bits under one float16 scale. weight = d * (code - 8).
#pragma once

#include <cstdint>

namespace minnow {

struct BlockQ4_0 {
  std::uint16_t d;      // float16
  std::uint8_t qs[16];  // low nibble of byte j: weight j; high nibble: weight 16 + j
};
static_assert(sizeof(BlockQ4_0) == 18 && alignof(BlockQ4_0) == 2);

}  // namespace minnow
