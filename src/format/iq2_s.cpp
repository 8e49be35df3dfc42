// IQ2_S: 32 points of eight coordinates with free signs; every two of them share a scale
// d * (2s + 1) / 8.
#include "format/codebooks.hpp"
#include "format/format_rows.hpp"

namespace minnow {
namespace {

struct Block {
  std::uint16_t d;           // float16
  std::uint8_t indices[32];  // low eight bits of the points' indices
  std::uint8_t signs[32];
  std::uint8_t high_bits[8];  // top two bits of the indices, four points a byte
  std::uint8_t scales[8];     // s in four bits, low half first
};
static_assert(sizeof(Block) == format_info(Format::kIQ2_S).block_bytes);

void decode_rule(const void* bytes, RuleBlock* out) {
  const auto block = load_block<Block>(bytes);
  const float eighth = float16_to_float32(block.d) * 0.125f;
  for (int s = 0; s < 16; ++s) {
    const int scale = block.scales[s / 2] >> (s % 2 * 4) & 0xf;
    out->scales[s] = eighth * static_cast<float>(2 * scale + 1);
  }
  for (int p = 0; p < 32; ++p) {
    const int high = block.high_bits[p / 4] >> (p % 4 * 2) & 3;
    write_signed_point(kIq2SPoints.at[block.indices[p] | high << 8], block.signs[p],
                       out->codes + 8 * p);
  }
}

}  // namespace

constinit const FormatTraits kIQ2_STraits = quantised_traits<Format::kIQ2_S, decode_rule>();

}  // namespace minnow
