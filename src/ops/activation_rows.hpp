// ActivationRows: the input of matrix products, as floats and, where weights are quantised, as int8
// codes with one scale per 32 or per 128 elements (arithmetic.md). Quantised once, used by every
// product that reads it.
#pragma once

#include <cstdint>

#include "kernels/api/kernel_table.hpp"
#include "ops/op_context.hpp"
#include "tensor/weight_matrix.hpp"

namespace minnow {

// Which forms some matrices need.
struct ActivationForms {
  bool per_32 = false;
  bool per_128 = false;
  bool any() const { return per_32 || per_128; }
  void add(const WeightMatrix& weights) {
    if (!weights) return;
    const int x_group = format_info(weights.format).x_group;
    per_32 = per_32 || x_group == 32;
    per_128 = per_128 || x_group == 128;
  }
};

// Memory for the quantised forms of up to n_tokens rows of up to k elements; views into the
// session's workspace.
struct QuantBuffers {
  std::int8_t* codes;  // [n_tokens, stride_of(k)] for each form
  float* scales;       // [n_tokens, scales_stride]
  std::int16_t* sums;  // [n_tokens, sums_stride]
};

struct ActivationRows {
  const float* values = nullptr;  // [n_tokens, k]
  std::int64_t stride = 0;        // elements
  std::int64_t k = 0;
  std::int64_t n_tokens = 0;
  QuantRows per_32{};
  QuantRows per_128{};

  const QuantRows& for_group(int x_group) const { return x_group == 32 ? per_32 : per_128; }
};

// Elements between the codes of two tokens: k rounded up so that rows start on cache lines and do
// not all fall into the same cache set when k is a power of two.
constexpr std::int64_t codes_stride(std::int64_t k) {
  const std::int64_t rounded = (k + 63) / 64 * 64;
  return rounded % 1024 == 0 ? rounded + 64 : rounded;
}

// Rows [n_tokens, k] of floats that lie together, without quantised forms.
ActivationRows float_rows(const float* values, std::int64_t k, std::int64_t n_tokens);

// Tokens [first, first + n) of some rows.
ActivationRows tokens_of(const ActivationRows& rows, std::int64_t first, std::int64_t n);

// Points rows.per_32 and rows.per_128 at the buffers. Does not compute.
void lay_out(const QuantBuffers& per_32, const QuantBuffers& per_128, ActivationRows& rows);

// Fills the forms of one token's row from rows.values. False when a value is not finite.
bool quantize_token(const KernelTable& table, const ActivationForms& forms,
                    const ActivationRows& rows, std::int64_t token) noexcept;

// Fills elements [first, first + n) of them from values[n] instead. `first` is a multiple of what a
// scale covers, and n is or reaches to the end of the row.
bool quantize_piece(const KernelTable& table, const ActivationForms& forms,
                    const ActivationRows& rows, std::int64_t token, std::int64_t first,
                    std::int64_t n, const float* values) noexcept;

}  // namespace minnow
