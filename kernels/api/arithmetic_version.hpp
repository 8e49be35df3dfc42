// The number of the arithmetic: what was computed under one number may be continued under it, bit
// for bit. It goes up with every change of a result, and is kept in saved states and cache files.
#pragma once

#include <cstdint>

namespace minnow {

inline constexpr std::uint32_t kArithmeticVersion = 1;

}  // namespace minnow
