// The float part of the scalar table, which defines the bits of every other one.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/api/kernel_table.hpp"

namespace minnow::scalar {

// Scratch of matmul_float and attend; 64-byte aligned.
inline constexpr std::size_t kFloatScratchBytes = 160 * 1024;

#include "kernels/generic/float_declarations.inc"

}  // namespace minnow::scalar
