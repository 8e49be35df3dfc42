// Q8_0: 32 weights as signed bytes under one float16 scale. weight = d * qs[k].
#pragma once

#include <cstdint>

namespace minnow {

struct BlockQ8_0 {
  std::uint16_t d;  // float16
  std::int8_t qs[32];
};
static_assert(sizeof(BlockQ8_0) == 34 && alignof(BlockQ8_0) == 2);

}  // namespace minnow
