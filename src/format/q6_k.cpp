// Q6_K: 256 codes of six bits around 32; every 16 of them have a signed eight-bit scale.
#include "kernels/formats/q6_k.hpp"

#include "format/format_rows.hpp"
#include "format/nibbles.hpp"

namespace minnow {
namespace {

void decode_rule(const void* bytes, RuleBlock* out) {
  const auto block = load_block<BlockQ6_K>(bytes);
  const float d = float16_to_float32(block.d);
  for (int s = 0; s < 16; ++s) out->scales[s] = d * static_cast<float>(block.scales[s]);
  for (int n = 0; n < 2; ++n) {
    std::int8_t* codes = out->codes + 128 * n;
    split_nibbles(block.ql + 64 * n, 64, 32, codes);
    for (int s = 0; s < 4; ++s)
      for (int i = 0; i < 32; ++i)
        codes[32 * s + i] = static_cast<std::int8_t>(codes[32 * s + i] +
                                                     16 * ((block.qh[32 * n + i] >> (2 * s)) & 3));
  }
}

}  // namespace

constinit const FormatTraits kQ6_KTraits = quantised_traits<Format::kQ6_K, decode_rule>();

}  // namespace minnow
