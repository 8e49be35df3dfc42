// Q6_K: 256 weights of 6 bits in 16 sub-blocks of 16, each with a signed 8-bit scale sc.
// weight = d * sc * (code - 32). For n = 0, 1 and s = 0...3, weight 128n + 32s + j (j < 32) has its
// low four bits in ql[64n + 32(s & 1) + j] (low nibble when s < 2, else high) and its high two bits
// in qh[32n + j] at bit 2s.
#pragma once

#include <cstdint>

namespace minnow {

struct BlockQ6_K {
  std::uint8_t ql[128];
  std::uint8_t qh[64];
  std::int8_t scales[16];
  std::uint16_t d;  // float16
};
static_assert(sizeof(BlockQ6_K) == 210 && alignof(BlockQ6_K) == 2);

}  // namespace minnow
