// Token: an index into a model's vocabulary. Negative values mean "none".
#pragma once

#include <cstdint>

namespace minnow {

using Token = std::int32_t;
inline constexpr Token kNoToken = -1;

}  // namespace minnow
