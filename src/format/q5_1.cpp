// Q5_1: 32 codes of five bits, the fifth bits apart, a scale and an offset.
#include "kernels/formats/q5_1.hpp"

#include "format/encode_rounding.hpp"
#include "format/format_rows.hpp"
#include "format/nibbles.hpp"

namespace minnow {
namespace {

void decode_rule(const void* bytes, RuleBlock* out) {
  const auto block = load_block<BlockQ5_1>(bytes);
  out->scales[0] = float16_to_float32(block.d);
  out->block_min = float16_to_float32(block.m);
  split_nibbles(block.qs, 16, 0, out->codes);
  add_fifth_bits(block.qh, out->codes);
}

void encode(const float* values, void* bytes) {
  const Range range = value_range(values, 32);
  const float scale = (range.high - range.low) / 31;
  const float inverse = inverse_scale(scale);
  BlockQ5_1 block{};
  block.d = float32_to_float16(scale);
  block.m = float32_to_float16(range.low);
  for (int i = 0; i < 32; ++i) {
    const int code = truncate_to((values[i] - range.low) * inverse + 0.5f, 0, 31);
    block.qs[i % 16] |= static_cast<std::uint8_t>((code & 0xf) << (i / 16 * 4));
    block.qh[i / 8] |= static_cast<std::uint8_t>((code >> 4) << (i % 8));
  }
  std::memcpy(bytes, &block, sizeof block);
}

}  // namespace

// The range is at most twice the largest value: half a step is 1/31 of it; the roundings of scale
// and offset add 3 * 2^-11.
constinit const FormatTraits kQ5_1Traits =
    quantised_traits<Format::kQ5_1, decode_rule>(encode, 0.034f);

}  // namespace minnow
