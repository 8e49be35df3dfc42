// Q3_K: 256 codes of three bits around 4, the third bits apart; every 16 of them have a six-bit
// scale around 32.
#include "format/bit_pairs.hpp"
#include "format/format_rows.hpp"

namespace minnow {
namespace {

struct Block {
  std::uint8_t high_bits[32];  // bit j of byte i: the third bit of element 32j + i
  std::uint8_t pairs[64];
  std::uint8_t scales[12];  // eight bytes of low halves, then four bytes of top two bits
  std::uint16_t d;          // float16
};
static_assert(sizeof(Block) == format_info(Format::kQ3_K).block_bytes);

void decode_rule(const void* bytes, RuleBlock* out) {
  const auto block = load_block<Block>(bytes);
  const float d = float16_to_float32(block.d);
  for (int s = 0; s < 16; ++s) {
    const int low = (block.scales[s % 8] >> (s / 8 * 4)) & 0xf;
    const int high = (block.scales[8 + s % 4] >> (s / 4 * 2)) & 3;
    out->scales[s] = d * static_cast<float>((low | high << 4) - 32);
  }
  split_pairs(block.pairs, 4, out->codes);
  for (int j = 0; j < 8; ++j)
    for (int i = 0; i < 32; ++i)
      out->codes[32 * j + i] =
          static_cast<std::int8_t>(out->codes[32 * j + i] + 4 * ((block.high_bits[i] >> j) & 1));
}

}  // namespace

constinit const FormatTraits kQ3_KTraits = quantised_traits<Format::kQ3_K, decode_rule>();

}  // namespace minnow
