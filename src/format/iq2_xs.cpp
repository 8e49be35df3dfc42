// IQ2_XS: 32 points of eight coordinates; every two of them share a scale d * (2s + 1) / 8.
#include "format/codebooks.hpp"
#include "format/format_rows.hpp"

namespace minnow {
namespace {

struct Block {
  std::uint16_t d;           // float16
  std::uint16_t points[32];  // nine bits of index, seven of signs
  std::uint8_t scales[8];    // s in four bits, low half first
};
static_assert(sizeof(Block) == format_info(Format::kIQ2_XS).block_bytes);

void decode_rule(const void* bytes, RuleBlock* out) {
  const auto block = load_block<Block>(bytes);
  const float eighth = float16_to_float32(block.d) * 0.125f;
  for (int s = 0; s < 16; ++s) {
    const int scale = block.scales[s / 2] >> (s % 2 * 4) & 0xf;
    out->scales[s] = eighth * static_cast<float>(2 * scale + 1);
  }
  for (int p = 0; p < 32; ++p) {
    const unsigned point = block.points[p];
    write_signed_point(kIq2XsPoints.at[point & 0x1ff], even_signs(point >> 9), out->codes + 8 * p);
  }
}

}  // namespace

constinit const FormatTraits kIQ2_XSTraits = quantised_traits<Format::kIQ2_XS, decode_rule>();

}  // namespace minnow
