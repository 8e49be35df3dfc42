// TQ1_0: 256 ternary codes, five to a byte.
//
// A byte is a fraction of 256 whose base-3 digits are the codes: multiplied by 3^p (modulo 256) the
// wanted digit is in front, and times 3 divided by 256 reads it.
#include "format/format_rows.hpp"

namespace minnow {
namespace {

struct Block {
  std::uint8_t fives[48];  // bytes 0...31: elements 32p + i; bytes 32 + i: elements 160 + 16p + i
  std::uint8_t fours[4];   // elements 240 + 4p + i
  std::uint16_t d;         // float16
};
static_assert(sizeof(Block) == format_info(Format::kTQ1_0).block_bytes);

// Reads n_digits codes of each of n bytes: codes[n * p + i] is digit p of byte i, minus 1.
void split_digits(const std::uint8_t* bytes, int n, int n_digits, std::int8_t* codes) {
  unsigned power = 1;
  for (int p = 0; p < n_digits; ++p, power *= 3)
    for (int i = 0; i < n; ++i) {
      const unsigned fraction = (bytes[i] * power) & 0xff;
      codes[n * p + i] = static_cast<std::int8_t>(static_cast<int>(fraction * 3 >> 8) - 1);
    }
}

void decode_rule(const void* bytes, RuleBlock* out) {
  const auto block = load_block<Block>(bytes);
  const float d = float16_to_float32(block.d);
  for (int s = 0; s < 8; ++s) out->scales[s] = d;
  split_digits(block.fives, 32, 5, out->codes);
  split_digits(block.fives + 32, 16, 5, out->codes + 160);
  split_digits(block.fours, 4, 4, out->codes + 240);
}

}  // namespace

constinit const FormatTraits kTQ1_0Traits = quantised_traits<Format::kTQ1_0, decode_rule>();

}  // namespace minnow
