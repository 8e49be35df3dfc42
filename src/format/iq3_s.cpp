// IQ3_S: 64 points of four coordinates with free signs; every eight of them share a scale
// d * (2s + 1).
#include "format/codebooks.hpp"
#include "format/format_rows.hpp"

namespace minnow {
namespace {

struct Block {
  std::uint16_t d;            // float16
  std::uint8_t indices[64];   // low eight bits of the points' indices
  std::uint8_t high_bits[8];  // their ninth bits
  std::uint8_t signs[32];     // of two points each, the first in the low half
  std::uint8_t scales[4];     // s in four bits, low half first
};
static_assert(sizeof(Block) == format_info(Format::kIQ3_S).block_bytes);

void decode_rule(const void* bytes, RuleBlock* out) {
  const auto block = load_block<Block>(bytes);
  const float d = float16_to_float32(block.d);
  for (int s = 0; s < 8; ++s) {
    const int scale = block.scales[s / 2] >> (s % 2 * 4) & 0xf;
    out->scales[s] = d * static_cast<float>(2 * scale + 1);
  }
  for (int p = 0; p < 32; ++p) {
    const unsigned high = static_cast<unsigned>(block.high_bits[p / 4]) >> (p % 4 * 2);
    const unsigned first = block.indices[2 * p] | (high & 1) << 8;
    const unsigned second = block.indices[2 * p + 1] | (high & 2) << 7;
    write_signed_pair(kIq3SPoints.at[first], kIq3SPoints.at[second], block.signs[p],
                      out->codes + 8 * p);
  }
}

}  // namespace

constinit const FormatTraits kIQ3_STraits = quantised_traits<Format::kIQ3_S, decode_rule>();

}  // namespace minnow
