// The rows of the format registry, and how a format's file makes its row.
//
// A quantised format states one thing, the codes and scales of its block (decode_rule); its values
// follow from them by the formula of RuleBlock. So there is one reading of the bytes, and the
// product of the canonical rule cannot disagree with the values.
#pragma once

#include <cstdint>
#include <cstring>

#include "base/float16.hpp"
#include "format/format_traits.hpp"

namespace minnow {

#define MINNOW_FORMAT(identifier, ...) extern const FormatTraits k##identifier##Traits;
#include "kernels/formats/formats.inc"
#undef MINNOW_FORMAT

// The block as a struct; the source may have any alignment. Fields are little-endian.
template <class Block>
Block load_block(const void* bytes) {
  Block block;
  std::memcpy(&block, bytes, sizeof block);
  return block;
}

template <Format kFormat, void (*kRule)(const void*, RuleBlock*)>
void decode_by_rule(const void* block, float* values) {
  constexpr FormatInfo kInfo = format_info(kFormat);
  RuleBlock rule;
  kRule(block, &rule);
  for (int s = 0; s < kInfo.elements / kInfo.sub; ++s) {
    const std::int8_t* codes = rule.codes + s * kInfo.sub;
    float* out = values + s * kInfo.sub;
    for (int i = 0; i < kInfo.sub; ++i) {
      const float product = rule.scales[s] * static_cast<float>(codes[i]);
      if constexpr (kInfo.mins == Mins::kNone) {
        out[i] = product;
      } else if constexpr (kInfo.mins == Mins::kBlock) {
        out[i] = product + rule.block_min;
      } else {
        out[i] = product - rule.dmin * static_cast<float>(rule.mins[s]);
      }
    }
  }
}

template <Format kFormat, void (*kDecode)(const void*, float*)>
void decode_blocks(const void* row, std::int64_t k, float* values) {
  constexpr FormatInfo kInfo = format_info(kFormat);
  const char* block = static_cast<const char*>(row);
  for (std::int64_t i = 0; i < k; i += kInfo.elements, block += kInfo.block_bytes)
    kDecode(block, values + i);
}

// The row of a quantised format. An activation is off by at most half a step of 1/127 of its
// group's largest value, 1/254; the rest up to 1/250 covers the roundings of the float chain.
template <Format kFormat, void (*kRule)(const void*, RuleBlock*)>
constexpr FormatTraits quantised_traits(void (*encode)(const float*, void*) = nullptr,
                                        float encode_error = 0) {
  constexpr auto kDecode = decode_by_rule<kFormat, kRule>;
  return {&format_info(kFormat),           kDecode,      kRule,     encode,
          decode_blocks<kFormat, kDecode>, encode_error, 1.0f / 250};
}

// The row of F32, F16 or BF16. Chains of 128 fused steps and one addition for each of them: up to
// 256 roundings of 2^-24.
template <Format kFormat, void (*kDecode)(const void*, float*)>
constexpr FormatTraits float_traits(void (*encode)(const float*, void*), float encode_error) {
  return {&format_info(kFormat),           kDecode,      nullptr,         encode,
          decode_blocks<kFormat, kDecode>, encode_error, 1.0f / (1 << 16)};
}

}  // namespace minnow
