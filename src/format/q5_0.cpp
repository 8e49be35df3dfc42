// Q5_0: 32 codes of five bits around 16, the fifth bits apart, and a scale.
#include "format/encode_rounding.hpp"
#include "format/format_rows.hpp"
#include "format/nibbles.hpp"

namespace minnow {
namespace {

struct Block {
  std::uint16_t d;            // float16
  std::uint8_t high_bits[4];  // bit i: the fifth bit of element i
  std::uint8_t nibbles[16];
};
static_assert(sizeof(Block) == format_info(Format::kQ5_0).block_bytes);

void decode_rule(const void* bytes, RuleBlock* out) {
  const auto block = load_block<Block>(bytes);
  out->scales[0] = float16_to_float32(block.d);
  split_nibbles(block.nibbles, 16, 16, out->codes);
  add_fifth_bits(block.high_bits, out->codes);
}

// The value of largest magnitude becomes -16, the end of the range that reaches further.
void encode(const float* values, void* bytes) {
  const float scale = signed_largest(values, 32) / -16;
  const float inverse = inverse_scale(scale);
  Block block{};
  block.d = float32_to_float16(scale);
  for (int i = 0; i < 32; ++i) {
    const int code = truncate_to(values[i] * inverse + 16.5f, 0, 31);
    block.nibbles[i % 16] |= static_cast<std::uint8_t>((code & 0xf) << (i / 16 * 4));
    block.high_bits[i / 8] |= static_cast<std::uint8_t>((code >> 4) << (i % 8));
  }
  std::memcpy(bytes, &block, sizeof block);
}

}  // namespace

// A whole step, 1/16, for the end that the codes do not reach, and the rounding of the scale.
constinit const FormatTraits kQ5_0Traits =
    quantised_traits<Format::kQ5_0, decode_rule>(encode, 0.0635f);

}  // namespace minnow
