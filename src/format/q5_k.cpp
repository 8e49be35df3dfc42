// Q5_K: Q4_K with a fifth bit for each code.
#include "format/format_rows.hpp"
#include "format/k_scales.hpp"
#include "format/nibbles.hpp"

namespace minnow {
namespace {

struct Block {
  std::uint16_t d;     // float16
  std::uint16_t dmin;  // float16
  std::uint8_t scales[12];
  std::uint8_t high_bits[32];  // bit j of byte i: the fifth bit of element 32j + i
  std::uint8_t nibbles[128];   // as in Q4_K
};
static_assert(sizeof(Block) == format_info(Format::kQ5_K).block_bytes);

void decode_rule(const void* bytes, RuleBlock* out) {
  const auto block = load_block<Block>(bytes);
  split_k_scales(block.scales, float16_to_float32(block.d), out);
  out->dmin = float16_to_float32(block.dmin);
  for (int p = 0; p < 4; ++p) split_nibbles(block.nibbles + 32 * p, 32, 0, out->codes + 64 * p);
  for (int j = 0; j < 8; ++j)
    for (int i = 0; i < 32; ++i)
      out->codes[32 * j + i] =
          static_cast<std::int8_t>(out->codes[32 * j + i] + 16 * ((block.high_bits[i] >> j) & 1));
}

}  // namespace

constinit const FormatTraits kQ5_KTraits = quantised_traits<Format::kQ5_K, decode_rule>();

}  // namespace minnow
