// Rotary position embedding of one head in place: (x0, x1) turns by the angle of its pair.
#pragma once

#include <cstdint>

#include "kernels/api/kernel_table.hpp"
#include "kernels/generic/rows.hpp"

namespace minnow::generic {

// Pairs (i, i + n_rot / 2).
template <class L>
void rope_halves(float* x, const float* cos, const float* sin, std::int32_t n_rot) {
  const std::int32_t half = n_rot / 2;
  const L minus = L::set(-0.0f);
  for_steps(
      half, [&](std::int64_t i, int lanes) __attribute__((always_inline)) {
        const L c = load_step<L>(cos + i, lanes);
        const L s = load_step<L>(sin + i, lanes);
        const L x0 = load_step<L>(x + i, lanes);
        const L x1 = load_step<L>(x + half + i, lanes);
        store_step<L>(L::fma(x0, c, L::bit_xor(x1 * s, minus)), x + i, lanes);
        store_step<L>(L::fma(x1, c, x0 * s), x + half + i, lanes);
      });
}

// Pairs (2 i, 2 i + 1): eight to a step, with the sign of the second product turned in even lanes.
template <class L>
void rope_interleaved(float* x, const float* cos, const float* sin, std::int32_t n_rot) {
  constexpr float kSigns[16] = {-0.0f, 0.0f, -0.0f, 0.0f, -0.0f, 0.0f, -0.0f, 0.0f,
                                -0.0f, 0.0f, -0.0f, 0.0f, -0.0f, 0.0f, -0.0f, 0.0f};
  const L signs = L::load(kSigns);
  for_steps(
      n_rot / 2 * 2, [&](std::int64_t i, int lanes) __attribute__((always_inline)) {
        const L c = L::load_twice(cos + i / 2, lanes / 2);
        const L s = L::load_twice(sin + i / 2, lanes / 2);
        const L value = load_step<L>(x + i, lanes);
        const L turned = L::bit_xor(L::swap_pairs(value) * s, signs);
        store_step<L>(L::fma(value, c, turned), x + i, lanes);
      });
}

template <class L>
void rope(float* x, const float* cos, const float* sin, std::int32_t n_rot, RopeStyle style) {
  if (style == RopeStyle::kHalves) rope_halves<L>(x, cos, sin, n_rot);
  if (style == RopeStyle::kInterleaved) rope_interleaved<L>(x, cos, sin, n_rot);
}

}  // namespace minnow::generic
