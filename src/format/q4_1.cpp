// Q4_1: 32 codes of four bits, a scale and an offset.
#include "kernels/formats/q4_1.hpp"

#include "format/encode_rounding.hpp"
#include "format/format_rows.hpp"
#include "format/nibbles.hpp"

namespace minnow {
namespace {

void decode_rule(const void* bytes, RuleBlock* out) {
  const auto block = load_block<BlockQ4_1>(bytes);
  out->scales[0] = float16_to_float32(block.d);
  out->block_min = float16_to_float32(block.m);
  split_nibbles(block.qs, 16, 0, out->codes);
}

void encode(const float* values, void* bytes) {
  const Range range = value_range(values, 32);
  const float scale = (range.high - range.low) / 15;
  const float inverse = inverse_scale(scale);
  BlockQ4_1 block;
  block.d = float32_to_float16(scale);
  block.m = float32_to_float16(range.low);
  for (int i = 0; i < 16; ++i) {
    const int low = truncate_to((values[i] - range.low) * inverse + 0.5f, 0, 15);
    const int high = truncate_to((values[16 + i] - range.low) * inverse + 0.5f, 0, 15);
    block.qs[i] = static_cast<std::uint8_t>(low | high << 4);
  }
  std::memcpy(bytes, &block, sizeof block);
}

}  // namespace

// The range is at most twice the largest value: half a step is 1/15 of it; the roundings of scale
// and offset add 3 * 2^-11.
constinit const FormatTraits kQ4_1Traits =
    quantised_traits<Format::kQ4_1, decode_rule>(encode, 0.0685f);

}  // namespace minnow
