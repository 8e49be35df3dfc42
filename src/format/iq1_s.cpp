// IQ1_S: 32 points of eight ternary coordinates; every four of them share a scale d * (2s + 1) and
// a shift of the coordinates by ±1/8. In eighths, coordinates and shift are integers.
#include "format/codebooks.hpp"
#include "format/format_rows.hpp"

namespace minnow {
namespace {

struct Block {
  std::uint16_t d;           // float16
  std::uint8_t indices[32];  // low eight bits of the points' indices
  std::uint16_t rest[8];     // for four points: their top three bits each, then s, then the shift
};
static_assert(sizeof(Block) == format_info(Format::kIQ1_S).block_bytes);

void decode_rule(const void* bytes, RuleBlock* out) {
  const auto block = load_block<Block>(bytes);
  const float eighth = float16_to_float32(block.d) * 0.125f;
  for (int s = 0; s < 8; ++s) {
    const unsigned rest = block.rest[s];
    out->scales[s] = eighth * static_cast<float>(2 * (rest >> 12 & 7) + 1);
    const int shift = (rest >> 15) != 0 ? -1 : 1;
    for (int p = 0; p < 4; ++p) {
      const unsigned index = block.indices[4 * s + p] | (rest >> (3 * p) & 7) << 8;
      std::int8_t* codes = out->codes + 32 * s + 8 * p;
      for (int i = 0; i < 8; ++i)
        codes[i] = static_cast<std::int8_t>(kIq1Points.at[index][i] + shift);
    }
  }
}

}  // namespace

constinit const FormatTraits kIQ1_STraits = quantised_traits<Format::kIQ1_S, decode_rule>();

}  // namespace minnow
