// Q6_K: 256 codes of six bits around 32; every 16 of them have a signed eight-bit scale.
#include "format/format_rows.hpp"
#include "format/nibbles.hpp"

namespace minnow {
namespace {

struct Block {
  std::uint8_t nibbles[128];    // byte 64n + i: elements 128n + i (low half) and 128n + 64 + i
  std::uint8_t high_pairs[64];  // bits 2s of byte 32n + i: the top bits of element 128n + 32s + i
  std::int8_t scales[16];
  std::uint16_t d;  // float16
};
static_assert(sizeof(Block) == format_info(Format::kQ6_K).block_bytes);

void decode_rule(const void* bytes, RuleBlock* out) {
  const auto block = load_block<Block>(bytes);
  const float d = float16_to_float32(block.d);
  for (int s = 0; s < 16; ++s) out->scales[s] = d * static_cast<float>(block.scales[s]);
  for (int n = 0; n < 2; ++n) {
    std::int8_t* codes = out->codes + 128 * n;
    split_nibbles(block.nibbles + 64 * n, 64, 32, codes);
    for (int s = 0; s < 4; ++s)
      for (int i = 0; i < 32; ++i)
        codes[32 * s + i] = static_cast<std::int8_t>(
            codes[32 * s + i] + 16 * ((block.high_pairs[32 * n + i] >> (2 * s)) & 3));
  }
}

}  // namespace

constinit const FormatTraits kQ6_KTraits = quantised_traits<Format::kQ6_K, decode_rule>();

}  // namespace minnow
