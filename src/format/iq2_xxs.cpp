// IQ2_XXS: 32 points of eight coordinates; every four of them share a scale d * (2s + 1) / 8.
#include "format/codebooks.hpp"
#include "format/format_rows.hpp"

namespace minnow {
namespace {

struct Group {
  std::uint8_t indices[4];
  std::uint8_t signs[4];  // a word: seven sign bits a point, then s in four bits
};

struct Block {
  std::uint16_t d;  // float16
  Group groups[8];
};
static_assert(sizeof(Block) == format_info(Format::kIQ2_XXS).block_bytes);

void decode_rule(const void* bytes, RuleBlock* out) {
  const auto block = load_block<Block>(bytes);
  const float eighth = float16_to_float32(block.d) * 0.125f;
  for (int s = 0; s < 8; ++s) {
    const Group& group = block.groups[s];
    const auto signs = load_block<std::uint32_t>(group.signs);
    out->scales[s] = eighth * static_cast<float>(2 * (signs >> 28) + 1);
    for (int p = 0; p < 4; ++p)
      write_signed_point(kIq2XxsPoints.at[group.indices[p]], even_signs(signs >> (7 * p) & 0x7f),
                         out->codes + 32 * s + 8 * p);
  }
}

}  // namespace

constinit const FormatTraits kIQ2_XXSTraits = quantised_traits<Format::kIQ2_XXS, decode_rule>();

}  // namespace minnow
