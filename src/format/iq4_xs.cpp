// IQ4_XS: 256 codes as in IQ4_NL; every 32 of them have a six-bit scale around 32.
#include "format/codebooks.hpp"
#include "format/format_rows.hpp"
#include "format/nibbles.hpp"

namespace minnow {
namespace {

struct Block {
  std::uint16_t d;             // float16
  std::uint16_t scales_high;   // top two bits of each scale
  std::uint8_t scales_low[4];  // low four bits, low half first
  std::uint8_t nibbles[128];
};
static_assert(sizeof(Block) == format_info(Format::kIQ4_XS).block_bytes);

void decode_rule(const void* bytes, RuleBlock* out) {
  const auto block = load_block<Block>(bytes);
  const float d = float16_to_float32(block.d);
  for (int s = 0; s < 8; ++s) {
    const int low = block.scales_low[s / 2] >> (s % 2 * 4) & 0xf;
    const int high = block.scales_high >> (2 * s) & 3;
    out->scales[s] = d * static_cast<float>((low | high << 4) - 32);
    look_up_nibbles(block.nibbles + 16 * s, 16, kIq4Values, out->codes + 32 * s);
  }
}

}  // namespace

constinit const FormatTraits kIQ4_XSTraits = quantised_traits<Format::kIQ4_XS, decode_rule>();

}  // namespace minnow
