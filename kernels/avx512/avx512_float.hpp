// The float part of the AVX-512 table: generic bodies on Lanes. Nothing here needs more than one
// rounding per operation to give the scalar table's bits.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/api/kernel_table.hpp"

namespace minnow::avx512 {

// Scratch of matmul_float and attend; 64-byte aligned.
inline constexpr std::size_t kFloatScratchBytes = 160 * 1024;

#include "kernels/generic/float_declarations.inc"

}  // namespace minnow::avx512
