// Q8_0: 32 signed bytes and a scale.
#include "format/encode_rounding.hpp"
#include "format/format_rows.hpp"

namespace minnow {
namespace {

struct Block {
  std::uint16_t d;  // float16
  std::int8_t codes[32];
};
static_assert(sizeof(Block) == format_info(Format::kQ8_0).block_bytes);

void decode_rule(const void* bytes, RuleBlock* out) {
  const auto block = load_block<Block>(bytes);
  out->scales[0] = float16_to_float32(block.d);
  std::memcpy(out->codes, block.codes, sizeof block.codes);
}

void encode(const float* values, void* bytes) {
  const float largest = signed_largest(values, 32);
  const float scale = (largest < 0 ? -largest : largest) / 127;
  const float inverse = inverse_scale(scale);
  Block block;
  block.d = float32_to_float16(scale);
  for (int i = 0; i < 32; ++i)
    block.codes[i] = static_cast<std::int8_t>(round_to_code(values[i] * inverse));
  std::memcpy(bytes, &block, sizeof block);
}

}  // namespace

// Half a step, 1/254, and the rounding of the scale, 2^-11.
constinit const FormatTraits kQ8_0Traits =
    quantised_traits<Format::kQ8_0, decode_rule>(encode, 0.0045f);

}  // namespace minnow
