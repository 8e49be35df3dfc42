// FormatTraits: what the bytes of every tensor type mean, as plain scalar code.
//
// One row a format: how a block is decoded to values, how it is decoded to the integers that the
// canonical arithmetic multiplies, and for a few simple formats how values are encoded. Fast code
// for packed weights lives in kernels/; it must agree with what is said here. Sizes are the
// caller's business: rows are whole blocks (kernels/formats/format.hpp, row_bytes), and every bit
// pattern of a block is valid, so nothing here can fail. All functions are pure and thread-safe,
// allocate nothing and accept pointers of any alignment for blocks.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/api/kernel_table.hpp"
#include "kernels/formats/format.hpp"

namespace minnow {

// A block of a quantised format as the canonical rule sees it. With s = i / sub, element i is
//   scales[s] * codes[i]                           Mins::kNone
//   scales[s] * codes[i] + block_min               Mins::kBlock
//   scales[s] * codes[i] - dmin * mins[s]          Mins::kInteger
// Every product is exact but the first one for formats without mins, which rounds once; so
// evaluating the line as written gives the format's values bit for bit. Only what the format has is
// written: the first `elements` codes, elements / sub scales, and the fields of its Mins.
struct RuleBlock {
  alignas(16) std::int8_t codes[256];  // -127...127; Q8_0 alone can also hold -128
  float scales[16];
  std::uint8_t mins[16];
  float dmin;
  float block_min;
};

struct FormatTraits {
  const FormatInfo* info;
  // Decodes one block; the values are those that ggml and gguf-py give, bit for bit.
  void (*decode)(const void* block, float* values);  // [block_bytes] -> [elements]
  // NULL for F32, F16 and BF16.
  void (*decode_rule)(const void* block, RuleBlock* out);
  // Rounds to nearest; NULL unless the format is F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0 or Q5_1.
  // Values must be finite and their scale must fit float16 (max |x| up to 65504).
  void (*encode)(const float* values, void* block);  // [elements] -> [block_bytes]
  // Decodes k elements, a whole number of blocks.
  void (*decode_row)(const void* row, std::int64_t k, float* values);  // -> [k]
  // |decode(encode(x)) - x| is at most this times the block's largest |x|, as long as the scale is
  // a normal float16 (below that, each value is off by at most 2^-17). 0 without an encoder.
  float encode_error;
  // What rounding activations to 8 bits may cost: a product of the canonical rule is within this
  // times the sum over groups of x_group of (largest |x|) * (sum of |w|) of the exact product.
  // For float types: times the sum of |w| * |x|. Both for rows of up to 16,384 elements.
  float product_error;
};

const FormatTraits& format_traits(Format format);

// Decodes k elements of any format, a whole number of blocks.
void decode_row(Format format, const void* row, std::int64_t k, float* out);  // -> [k]

// Encodes k elements, a whole number of blocks; false, with nothing written, when the format has no
// encoder.
bool encode_row(Format format, const float* values, std::int64_t k, void* row);  // [k] ->

// Bytes of the buffer that decode_group needs for rows of k elements, a whole number of blocks; 0
// for formats that decode_group does not take.
std::size_t code_group_bytes(Format format, std::int64_t k);

// Decodes n_rows (1...16) rows of k elements for KernelTable::matmul_codes. rows: file rows,
// row_stride_bytes apart. buffer: code_group_bytes(format, k) bytes, 64-byte aligned, written
// whole; `out` points into it. Rows from n_rows to 15 have zero codes, scales and mins. Any
// quantised format but those with Mins::kBlock, which the group has no place for.
void decode_group(Format format, const void* rows, std::int64_t row_stride_bytes, int n_rows,
                  std::int64_t k, void* buffer, CodeGroup* out);

}  // namespace minnow
