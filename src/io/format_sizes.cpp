#include "io/format_sizes.hpp"

namespace minnow {

namespace {

// Plain numbers that files carry beside weights (index tables, for instance). Nothing computes on
// them as weights, but the file is well-formed and their size must be known.
constexpr BlockSize kSizes[] = {
#define MINNOW_FORMAT(identifier, name, ggml, elements, bytes, x_group, sub, mins, packing) \
  {ggml, name, elements, bytes},
#include "kernels/formats/formats.inc"
#undef MINNOW_FORMAT
    {24, "I8", 1, 1}, {25, "I16", 1, 2}, {26, "I32", 1, 4}, {27, "I64", 1, 8}, {28, "F64", 1, 8},
};

}  // namespace

const BlockSize* find_block_size(std::uint32_t ggml_type) {
  for (const BlockSize& size : kSizes)
    if (size.ggml_type == ggml_type) return &size;
  return nullptr;
}

const FormatInfo* find_format(std::uint32_t ggml_type) {
  for (const FormatInfo& info : kFormats)
    if (info.ggml_type == ggml_type) return &info;
  return nullptr;
}

}  // namespace minnow
