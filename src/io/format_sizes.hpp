// How many elements and bytes a block of each tensor type has: all that a tensor directory needs.
// kernels/formats tells how the types that minnow runs are computed; here are also the plain number
// types that a file may carry beside its weights.
#pragma once

#include <cstdint>

#include "kernels/formats/format.hpp"

namespace minnow {

struct BlockSize {
  std::uint32_t ggml_type;  // the number in a GGUF file
  const char* name;         // "Q4_K", "I32"
  std::uint32_t elements;   // consecutive elements of a row in a block
  std::uint32_t bytes;
};

// NULL for a number that is not known. What it points to lives for ever.
const BlockSize* find_block_size(std::uint32_t ggml_type);

// The format that minnow runs under that number; NULL for plain number types and unknown ones.
const FormatInfo* find_format(std::uint32_t ggml_type);

}  // namespace minnow
