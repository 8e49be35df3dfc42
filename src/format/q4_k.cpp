// Q4_K: 256 codes of four bits; every 32 of them have a six-bit scale and a six-bit min.
#include "format/format_rows.hpp"
#include "format/k_scales.hpp"
#include "format/nibbles.hpp"

namespace minnow {
namespace {

struct Block {
  std::uint16_t d;     // float16
  std::uint16_t dmin;  // float16
  std::uint8_t scales[12];
  std::uint8_t nibbles[128];  // byte 32p + i: elements 64p + i (low half) and 64p + 32 + i
};
static_assert(sizeof(Block) == format_info(Format::kQ4_K).block_bytes);

void decode_rule(const void* bytes, RuleBlock* out) {
  const auto block = load_block<Block>(bytes);
  split_k_scales(block.scales, float16_to_float32(block.d), out);
  out->dmin = float16_to_float32(block.dmin);
  for (int p = 0; p < 4; ++p) split_nibbles(block.nibbles + 32 * p, 32, 0, out->codes + 64 * p);
}

}  // namespace

constinit const FormatTraits kQ4_KTraits = quantised_traits<Format::kQ4_K, decode_rule>();

}  // namespace minnow
