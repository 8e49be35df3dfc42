// Q5_K: Q4_K with a fifth bit for each code.
#include "kernels/formats/q5_k.hpp"

#include "format/format_rows.hpp"
#include "format/nibbles.hpp"
#include "kernels/formats/k_scales.hpp"

namespace minnow {
namespace {

void decode_rule(const void* bytes, RuleBlock* out) {
  const auto block = load_block<BlockQ5_K>(bytes);
  const float d = float16_to_float32(block.d);
  out->dmin = float16_to_float32(block.dmin);
  for (int s = 0; s < 8; ++s) {
    out->scales[s] = d * static_cast<float>(k_scale(block.scales, s));
    out->mins[s] = k_min(block.scales, s);
  }
  for (int p = 0; p < 4; ++p) split_nibbles(block.qs + 32 * p, 32, 0, out->codes + 64 * p);
  for (int j = 0; j < 8; ++j)
    for (int i = 0; i < 32; ++i)
      out->codes[32 * j + i] =
          static_cast<std::int8_t>(out->codes[32 * j + i] + 16 * ((block.qh[i] >> j) & 1));
}

}  // namespace

constinit const FormatTraits kQ5_KTraits = quantised_traits<Format::kQ5_K, decode_rule>();

}  // namespace minnow
