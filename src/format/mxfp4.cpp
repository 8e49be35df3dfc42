// MXFP4: 32 codes of type E2M1 and a power of two. Codes are doubled to be integers, so the scale
// is half of what the E8M0 byte says: 2^(e - 128), which for e = 0 and 1 is a subnormal float.
#include <bit>

#include "format/codebooks.hpp"
#include "format/format_rows.hpp"
#include "format/nibbles.hpp"

namespace minnow {
namespace {

struct Block {
  std::uint8_t e;
  std::uint8_t nibbles[16];
};
static_assert(sizeof(Block) == format_info(Format::kMXFP4).block_bytes);

// 2^(e - 128).
constexpr float half_power(std::uint32_t e) {
  return std::bit_cast<float>(e < 2 ? 0x00200000u << e : (e - 1) << 23);
}

void decode_rule(const void* bytes, RuleBlock* out) {
  const auto block = load_block<Block>(bytes);
  out->scales[0] = half_power(block.e);
  look_up_nibbles(block.nibbles, 16, kFp4Values, out->codes);
}

}  // namespace

constinit const FormatTraits kMXFP4Traits = quantised_traits<Format::kMXFP4, decode_rule>();

}  // namespace minnow
