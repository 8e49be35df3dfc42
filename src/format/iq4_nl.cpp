// IQ4_NL: 32 codes of four bits that stand for sixteen uneven values, and a scale.
#include "format/codebooks.hpp"
#include "format/format_rows.hpp"
#include "format/nibbles.hpp"

namespace minnow {
namespace {

struct Block {
  std::uint16_t d;  // float16
  std::uint8_t nibbles[16];
};
static_assert(sizeof(Block) == format_info(Format::kIQ4_NL).block_bytes);

void decode_rule(const void* bytes, RuleBlock* out) {
  const auto block = load_block<Block>(bytes);
  out->scales[0] = float16_to_float32(block.d);
  look_up_nibbles(block.nibbles, 16, kIq4Values, out->codes);
}

}  // namespace

constinit const FormatTraits kIQ4_NLTraits = quantised_traits<Format::kIQ4_NL, decode_rule>();

}  // namespace minnow
