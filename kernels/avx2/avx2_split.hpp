// Split heads in the AVX2 table. Contracts are those of KernelTable's members of the same names.
// (join_row: the scalar one is as good for the one row of an embedding.)
#pragma once

#include <cstdint>

#include "kernels/api/kernel_table.hpp"

namespace minnow::avx2 {

void split_rows(const SplitMatrix& matrix, std::int64_t first_row, const void* rows,
                std::int64_t n_rows, std::uint8_t* data);
void join_group(const SplitMatrix& matrix, std::int64_t first_row, int n_rows, void* group);
void split_products(const SplitMatrix& matrix, const std::int32_t* rows, std::int64_t first_row,
                    std::int64_t n, const QuantRows& x, float* out);
void split_bounds(const SplitMatrix& matrix, std::int64_t first_row, std::int64_t n_rows,
                  const BoundArgs& args, float* bounds);

}  // namespace minnow::avx2
