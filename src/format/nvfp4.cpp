// NVFP4: 64 codes of type E2M1; every 16 of them have a scale of type E4M3 without its sign. Codes
// are doubled to be integers, so scales are halved. The bytes 0 and 0x7f both mean a scale of zero.
#include "format/codebooks.hpp"
#include "format/format_rows.hpp"
#include "format/nibbles.hpp"

namespace minnow {
namespace {

struct Block {
  std::uint8_t scales[4];
  std::uint8_t nibbles[32];
};
static_assert(sizeof(Block) == format_info(Format::kNVFP4).block_bytes);

// Half of an E4M3 number of exponent bias 7; the sign bit is not looked at.
constexpr float half_e4m3(int bits) {
  if (bits == 0x7f) return 0;
  const int exponent = bits >> 3 & 0xf;
  const int fraction = bits & 7;
  if (exponent == 0) return static_cast<float>(fraction) * 0x1p-10f;
  return static_cast<float>((8 + fraction) << exponent) * 0x1p-11f;
}

void decode_rule(const void* bytes, RuleBlock* out) {
  const auto block = load_block<Block>(bytes);
  for (int s = 0; s < 4; ++s) {
    out->scales[s] = half_e4m3(block.scales[s]);
    look_up_nibbles(block.nibbles + 8 * s, 8, kFp4Values, out->codes + 16 * s);
  }
}

}  // namespace

constinit const FormatTraits kNVFP4Traits = quantised_traits<Format::kNVFP4, decode_rule>();

}  // namespace minnow
