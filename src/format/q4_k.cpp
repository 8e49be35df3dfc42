// Q4_K: 256 codes of four bits; every 32 of them have a six-bit scale and a six-bit min.
#include "kernels/formats/q4_k.hpp"

#include "format/format_rows.hpp"
#include "format/nibbles.hpp"
#include "kernels/formats/k_scales.hpp"

namespace minnow {
namespace {

void decode_rule(const void* bytes, RuleBlock* out) {
  const auto block = load_block<BlockQ4_K>(bytes);
  const float d = float16_to_float32(block.d);
  out->dmin = float16_to_float32(block.dmin);
  for (int s = 0; s < 8; ++s) {
    out->scales[s] = d * static_cast<float>(k_scale(block.scales, s));
    out->mins[s] = k_min(block.scales, s);
  }
  for (int p = 0; p < 4; ++p) split_nibbles(block.qs + 32 * p, 32, 0, out->codes + 64 * p);
}

}  // namespace

constinit const FormatTraits kQ4_KTraits = quantised_traits<Format::kQ4_K, decode_rule>();

}  // namespace minnow
