// IQ3_XXS: 64 points of four coordinates; every eight of them share a scale d * (2s + 1) / 4.
#include "format/codebooks.hpp"
#include "format/format_rows.hpp"

namespace minnow {
namespace {

struct Block {
  std::uint16_t d;  // float16
  std::uint8_t indices[64];
  std::uint8_t signs[8][4];  // a word for eight points: seven sign bits a pair, then s in four bits
};
static_assert(sizeof(Block) == format_info(Format::kIQ3_XXS).block_bytes);

void decode_rule(const void* bytes, RuleBlock* out) {
  const auto block = load_block<Block>(bytes);
  const float quarter = float16_to_float32(block.d) * 0.25f;
  for (int s = 0; s < 8; ++s) {
    const auto word = load_block<std::uint32_t>(block.signs[s]);
    out->scales[s] = quarter * static_cast<float>(2 * (word >> 28) + 1);
    for (int p = 0; p < 4; ++p) {
      const unsigned signs = even_signs(word >> (7 * p) & 0x7f);
      const std::uint8_t* pair = block.indices + 8 * s + 2 * p;
      write_signed_pair(kIq3XxsPoints.at[pair[0]], kIq3XxsPoints.at[pair[1]], signs,
                        out->codes + 32 * s + 8 * p);
    }
  }
}

}  // namespace

constinit const FormatTraits kIQ3_XXSTraits = quantised_traits<Format::kIQ3_XXS, decode_rule>();

}  // namespace minnow
