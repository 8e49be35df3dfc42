// BF16: the upper half of a float32, 8 significant bits.
#include "format/format_rows.hpp"

namespace minnow {
namespace {

void decode(const void* block, float* values) {
  *values = bfloat16_to_float32(load_block<std::uint16_t>(block));
}

void encode(const float* values, void* block) {
  const std::uint16_t bits = float32_to_bfloat16(*values);
  std::memcpy(block, &bits, sizeof bits);
}

}  // namespace

constinit const FormatTraits kBF16Traits =
    float_traits<Format::kBF16, decode>(encode, 1.0f / (1 << 8));

}  // namespace minnow
