// Q4_0: 32 codes of four bits around 8, and a scale.
#include "kernels/formats/q4_0.hpp"

#include "format/encode_rounding.hpp"
#include "format/format_rows.hpp"
#include "format/nibbles.hpp"

namespace minnow {
namespace {

void decode_rule(const void* bytes, RuleBlock* out) {
  const auto block = load_block<BlockQ4_0>(bytes);
  out->scales[0] = float16_to_float32(block.d);
  split_nibbles(block.qs, 16, 8, out->codes);
}

// The value of largest magnitude becomes -8, the end of the range that reaches further.
void encode(const float* values, void* bytes) {
  const float scale = signed_largest(values, 32) / -8;
  const float inverse = inverse_scale(scale);
  BlockQ4_0 block;
  block.d = float32_to_float16(scale);
  for (int i = 0; i < 16; ++i) {
    const int low = truncate_to(values[i] * inverse + 8.5f, 0, 15);
    const int high = truncate_to(values[16 + i] * inverse + 8.5f, 0, 15);
    block.qs[i] = static_cast<std::uint8_t>(low | high << 4);
  }
  std::memcpy(bytes, &block, sizeof block);
}

}  // namespace

// A whole step, 1/8, for the end that the codes do not reach, and the rounding of the scale.
constinit const FormatTraits kQ4_0Traits =
    quantised_traits<Format::kQ4_0, decode_rule>(encode, 0.126f);

}  // namespace minnow
