// The float part of the scalar table, which defines the bits of every other one.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/api/kernel_table.hpp"

namespace minnow::scalar {

#include "kernels/generic/float_declarations.inc"

}  // namespace minnow::scalar
