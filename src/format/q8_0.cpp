// Q8_0: 32 signed bytes and a scale.
#include "kernels/formats/q8_0.hpp"

#include "format/encode_rounding.hpp"
#include "format/format_rows.hpp"

namespace minnow {
namespace {

void decode_rule(const void* bytes, RuleBlock* out) {
  const auto block = load_block<BlockQ8_0>(bytes);
  out->scales[0] = float16_to_float32(block.d);
  std::memcpy(out->codes, block.qs, sizeof block.qs);
}

void encode(const float* values, void* bytes) {
  const float largest = signed_largest(values, 32);
  const float scale = (largest < 0 ? -largest : largest) / 127;
  const float inverse = inverse_scale(scale);
  BlockQ8_0 block;
  block.d = float32_to_float16(scale);
  for (int i = 0; i < 32; ++i)
    block.qs[i] = static_cast<std::int8_t>(round_to_code(values[i] * inverse));
  std::memcpy(bytes, &block, sizeof block);
}

}  // namespace

// Half a step, 1/254, and the rounding of the scale, 2^-11.
constinit const FormatTraits kQ8_0Traits =
    quantised_traits<Format::kQ8_0, decode_rule>(encode, 0.0045f);

}  // namespace minnow
