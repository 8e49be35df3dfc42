// The integer part of the AVX2 table: packed weights, quantised activations and their products.
// Contracts are those of KernelTable's members of the same names; kernels/scalar defines the bits.
//
// Three ways lead from packed weights to products, chosen by matmul_integer:
//   direct  a few tokens; codes are unpacked in registers (avx2_direct.cpp)
//   panel   many tokens; codes of some rows are unpacked into scratch once (avx2_panel.cpp)
//   signed  8-bit codes, straight from the tile for any number of tokens (avx2_signed.cpp)
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/api/kernel_table.hpp"

namespace minnow::avx2 {

// What matmul_integer and matmul_codes need; 64-byte aligned.
inline constexpr std::size_t kIntegerScratchBytes = 32 * 1024;

// Serves F32, F16 and BF16 too. (unpack_row: the scalar one is as good.)
void pack(Format format, const void* rows, std::int64_t row_stride_bytes, int n_rows,
          std::int64_t k, void* group);

bool quantize(const float* x, std::int64_t n, int x_group, std::int8_t* codes, float* scales,
              std::int16_t* sums);

// The quantised Tiles formats.
void matmul_integer(Format format, const MatmulArgs& args, void* scratch);
void matmul_codes(const CodeGroup& group, const MatmulArgs& args, void* scratch);

// The three ways. Not for the table.
void matmul_direct(Format format, const MatmulArgs& args);                // 1 to 3 tokens; not Q8_0
void matmul_panel(Format format, const MatmulArgs& args, void* scratch);  // not Q8_0
void matmul_signed_q8_0(const MatmulArgs& args);

// Multiply-adds counted: 32 for each vpmaddubsw, 8 of which are summed in 16 bits before one
// vpmaddwd and one vpaddd, as the 4-bit kernels do.
std::int64_t integer_peak(std::int64_t iterations);

}  // namespace minnow::avx2
