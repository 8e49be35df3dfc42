// The integer part of the scalar table: packed weights, quantised activations and their products.
// Contracts are those of KernelTable's members of the same names; this part defines their bits.
#pragma once

#include <cstdint>

#include "kernels/api/kernel_table.hpp"

namespace minnow::scalar {

// Both also serve F32, F16 and BF16. They need no instruction of an ISA, so any table may name
// them.
void pack(Format format, const void* rows, std::int64_t row_stride_bytes, int n_rows,
          std::int64_t k, void* group);
void unpack_row(Format format, const void* group, int row, std::int64_t k, void* row_bytes);

bool quantize(const float* x, std::int64_t n, int x_group, std::int8_t* codes, float* scales,
              std::int16_t* sums);

// The quantised Tiles formats; scratch is not used.
void matmul_integer(Format format, const MatmulArgs& args, void* scratch);
void matmul_codes(const CodeGroup& group, const MatmulArgs& args, void* scratch);

std::int64_t integer_peak(std::int64_t iterations);

}  // namespace minnow::scalar
