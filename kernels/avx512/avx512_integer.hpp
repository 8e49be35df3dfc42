// The integer part of the AVX-512 VNNI table: packed weights, quantised activations and their
// products. Contracts are those of KernelTable's members of the same names; results have the bits
// of kernels/scalar. A row is unpacked by scalar::unpack_row.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/api/kernel_table.hpp"

namespace minnow::avx512 {

// Scratch that matmul_integer and matmul_codes need, 64-byte aligned.
inline constexpr std::size_t kIntegerScratchBytes = 320 * 1024;

void pack(Format format, const void* rows, std::int64_t row_stride_bytes, int n_rows,
          std::int64_t k, void* group);

bool quantize(const float* x, std::int64_t n, int x_group, std::int8_t* codes, float* scales,
              std::int16_t* sums);

void matmul_integer(Format format, const MatmulArgs& args, void* scratch);
void matmul_codes(const CodeGroup& group, const MatmulArgs& args, void* scratch);

std::int64_t integer_peak(std::int64_t iterations);

// The three ways to compute matmul_integer, by the number of tokens.
// One row group at a time, decoded in registers: at the speed of memory with one token.
void matmul_direct(Format format, const MatmulArgs& args);
// Two row groups at a time, decoded in registers for up to six tokens.
void matmul_small(Format format, const MatmulArgs& args, void* scratch);
// Whether matmul_small can be called (scratch holds its tables) and is faster than panels.
bool fits_small(Format format, const MatmulArgs& args);
// Decodes weights to bytes in scratch, a panel at a time, where all tokens meet them.
void matmul_panels(Format format, const MatmulArgs& args, void* scratch);

}  // namespace minnow::avx512
