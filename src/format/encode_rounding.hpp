// Rounding of values to codes, for the encoders. No value, not even an infinity or NaN, makes an
// undefined conversion.
#pragma once

#include <cstdint>

namespace minnow {

// The integer part of x, cut to [low, high]; NaN becomes low.
constexpr int truncate_to(float x, int low, int high) {
  if (!(x > static_cast<float>(low))) return low;
  if (x >= static_cast<float>(high)) return high;
  return static_cast<int>(x);
}

// The nearest integer, halves away from zero, cut to [-127, 127]; NaN becomes -127.
constexpr int round_to_code(float x) {
  const int whole = truncate_to(x, -127, 127);
  const float rest = x - static_cast<float>(whole);
  if (rest >= 0.5f && whole < 127) return whole + 1;
  if (rest <= -0.5f && whole > -127) return whole - 1;
  return whole;
}

// 1 / scale, or 0 where that is no finite number: all codes of such a block are equal.
constexpr float inverse_scale(float scale) {
  const float size = scale < 0 ? -scale : scale;
  return size > 0x1p-126f && size < 0x1p126f ? 1 / scale : 0;
}

// The value of largest magnitude, with its sign; the first of them.
constexpr float signed_largest(const float* values, int n) {
  float largest = 0;
  float size = 0;
  for (int i = 0; i < n; ++i) {
    const float magnitude = values[i] < 0 ? -values[i] : values[i];
    if (magnitude > size) {
      size = magnitude;
      largest = values[i];
    }
  }
  return largest;
}

struct Range {
  float low;
  float high;
};

constexpr Range value_range(const float* values, int n) {
  Range range{values[0], values[0]};
  for (int i = 1; i < n; ++i) {
    if (values[i] < range.low) range.low = values[i];
    if (values[i] > range.high) range.high = values[i];
  }
  return range;
}

}  // namespace minnow
