// IQ1_M: IQ1_S with a scale for every two points and a shift for each. The float16 d lies in the
// top four bits of the four words of scales.
#include "format/codebooks.hpp"
#include "format/format_rows.hpp"

namespace minnow {
namespace {

struct Block {
  std::uint8_t indices[32];  // low eight bits of the points' indices
  std::uint8_t rest[16];     // half a byte a point: top three bits, then the shift
  std::uint16_t scales[4];   // four three-bit scales each, then four bits of d
};
static_assert(sizeof(Block) == format_info(Format::kIQ1_M).block_bytes);

void decode_rule(const void* bytes, RuleBlock* out) {
  const auto block = load_block<Block>(bytes);
  unsigned d = 0;
  for (int w = 0; w < 4; ++w) d |= static_cast<unsigned>(block.scales[w] >> 12) << (4 * w);
  const float eighth = float16_to_float32(static_cast<std::uint16_t>(d)) * 0.125f;
  for (int s = 0; s < 16; ++s) {
    const int scale = block.scales[s / 4] >> (s % 4 * 3) & 7;
    out->scales[s] = eighth * static_cast<float>(2 * scale + 1);
  }
  for (int p = 0; p < 32; ++p) {
    const unsigned rest = static_cast<unsigned>(block.rest[p / 2]) >> (p % 2 * 4) & 0xf;
    const unsigned index = block.indices[p] | (rest & 7) << 8;
    const int shift = (rest & 8) != 0 ? -1 : 1;
    for (int i = 0; i < 8; ++i)
      out->codes[8 * p + i] = static_cast<std::int8_t>(kIq1Points.at[index][i] + shift);
  }
}

}  // namespace

constinit const FormatTraits kIQ1_MTraits = quantised_traits<Format::kIQ1_M, decode_rule>();

}  // namespace minnow
