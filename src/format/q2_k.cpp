// Q2_K: 256 codes of two bits; every 16 of them have a four-bit scale and a four-bit min.
#include "format/bit_pairs.hpp"
#include "format/format_rows.hpp"

namespace minnow {
namespace {

struct Block {
  std::uint8_t scales[16];  // low half: scale, high half: min
  std::uint8_t pairs[64];
  std::uint16_t d;     // float16
  std::uint16_t dmin;  // float16
};
static_assert(sizeof(Block) == format_info(Format::kQ2_K).block_bytes);

void decode_rule(const void* bytes, RuleBlock* out) {
  const auto block = load_block<Block>(bytes);
  const float d = float16_to_float32(block.d);
  out->dmin = float16_to_float32(block.dmin);
  for (int s = 0; s < 16; ++s) {
    out->scales[s] = d * static_cast<float>(block.scales[s] & 0xf);
    out->mins[s] = static_cast<std::uint8_t>(block.scales[s] >> 4);
  }
  split_pairs(block.pairs, 0, out->codes);
}

}  // namespace

constinit const FormatTraits kQ2_KTraits = quantised_traits<Format::kQ2_K, decode_rule>();

}  // namespace minnow
