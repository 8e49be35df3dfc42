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

// Split heads. The first three need no instruction of an ISA either.
void split_rows(const SplitMatrix& matrix, std::int64_t first_row, const void* rows,
                std::int64_t n_rows, std::uint8_t* data);
void join_row(const SplitMatrix& matrix, std::int64_t row, void* row_bytes);
void join_group(const SplitMatrix& matrix, std::int64_t first_row, int n_rows, void* group);
void split_products(const SplitMatrix& matrix, const std::int32_t* rows, std::int64_t first_row,
                    std::int64_t n, const QuantRows& x, float* out);
void split_bounds(const SplitMatrix& matrix, std::int64_t first_row, std::int64_t n_rows,
                  const BoundArgs& args, float* bounds);

std::int64_t integer_peak(std::int64_t iterations);

}  // namespace minnow::scalar
