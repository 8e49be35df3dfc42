// F16: IEEE half precision, 11 significant bits.
#include "format/format_rows.hpp"

namespace minnow {
namespace {

void decode(const void* block, float* values) {
  *values = float16_to_float32(load_block<std::uint16_t>(block));
}

void encode(const float* values, void* block) {
  const std::uint16_t bits = float32_to_float16(*values);
  std::memcpy(block, &bits, sizeof bits);
}

}  // namespace

constinit const FormatTraits kF16Traits =
    float_traits<Format::kF16, decode>(encode, 1.0f / (1 << 11));

}  // namespace minnow
