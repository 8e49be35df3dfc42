// Q5_0: 32 codes of five bits around 16, the fifth bits apart, and a scale.
#include "kernels/formats/q5_0.hpp"

#include "format/encode_rounding.hpp"
#include "format/format_rows.hpp"
#include "format/nibbles.hpp"

namespace minnow {
namespace {

void decode_rule(const void* bytes, RuleBlock* out) {
  const auto block = load_block<BlockQ5_0>(bytes);
  out->scales[0] = float16_to_float32(block.d);
  split_nibbles(block.qs, 16, 16, out->codes);
  add_fifth_bits(block.qh, out->codes);
}

// The value of largest magnitude becomes -16, the end of the range that reaches further.
void encode(const float* values, void* bytes) {
  const float scale = signed_largest(values, 32) / -16;
  const float inverse = inverse_scale(scale);
  BlockQ5_0 block{};
  block.d = float32_to_float16(scale);
  for (int i = 0; i < 32; ++i) {
    const int code = truncate_to(values[i] * inverse + 16.5f, 0, 31);
    block.qs[i % 16] |= static_cast<std::uint8_t>((code & 0xf) << (i / 16 * 4));
    block.qh[i / 8] |= static_cast<std::uint8_t>((code >> 4) << (i % 8));
  }
  std::memcpy(bytes, &block, sizeof block);
}

}  // namespace

// A whole step, 1/16, for the end that the codes do not reach, and the rounding of the scale.
constinit const FormatTraits kQ5_0Traits =
    quantised_traits<Format::kQ5_0, decode_rule>(encode, 0.0635f);

}  // namespace minnow
