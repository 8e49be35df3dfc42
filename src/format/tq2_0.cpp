// TQ2_0: 256 ternary codes of two bits around 1.
#include "format/bit_pairs.hpp"
#include "format/format_rows.hpp"

namespace minnow {
namespace {

struct Block {
  std::uint8_t pairs[64];
  std::uint16_t d;  // float16
};
static_assert(sizeof(Block) == format_info(Format::kTQ2_0).block_bytes);

void decode_rule(const void* bytes, RuleBlock* out) {
  const auto block = load_block<Block>(bytes);
  const float d = float16_to_float32(block.d);
  for (int s = 0; s < 8; ++s) out->scales[s] = d;
  split_pairs(block.pairs, 1, out->codes);
}

}  // namespace

constinit const FormatTraits kTQ2_0Traits = quantised_traits<Format::kTQ2_0, decode_rule>();

}  // namespace minnow
