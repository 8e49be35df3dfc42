// Format: the tensor types of GGUF files and what the arithmetic needs to know of each. Rows come
// from formats.inc; the bytes of a block are described in the file of the format's name.
#pragma once

#include <cstdint>

namespace minnow {

enum class Format : std::uint8_t {
#define MINNOW_FORMAT(identifier, ...) k##identifier,
#include "kernels/formats/formats.inc"
#undef MINNOW_FORMAT
};

enum class Mins : std::uint8_t { kNone, kBlock, kInteger };
enum class Packing : std::uint8_t { kTiles, kRows };

struct FormatInfo {
  Format format;
  const char* name;          // as the field spells it, "Q4_K"
  std::uint32_t ggml_type;   // the number in a GGUF file
  std::int32_t elements;     // weights in a block
  std::int32_t block_bytes;  // bytes of a block
  std::int32_t x_group;      // activations under one scale; 0: float activations
  std::int32_t sub;          // weights under one weight scale; 0: float type
  Mins mins;
  Packing packing;
};

inline constexpr FormatInfo kFormats[] = {
#define MINNOW_FORMAT(identifier, name, ggml, elements, bytes, x_group, sub, mins, packing) \
  {Format::k##identifier, name, ggml, elements, bytes, x_group, sub, Mins::k##mins,         \
   Packing::k##packing},
#include "kernels/formats/formats.inc"
#undef MINNOW_FORMAT
};
inline constexpr int kFormatCount = sizeof kFormats / sizeof kFormats[0];

constexpr const FormatInfo& format_info(Format format) {
  return kFormats[static_cast<int>(format)];
}

// Bytes of a row of n_elements weights, which must be a whole number of blocks.
constexpr std::int64_t row_bytes(Format format, std::int64_t n_elements) {
  const FormatInfo& info = format_info(format);
  return n_elements / info.elements * info.block_bytes;
}

// Rows of a packed group. Every packed matrix is padded to whole groups with zero bytes.
inline constexpr int kGroupRows = 16;

}  // namespace minnow
