// Activations as signed bytes under one scale a group of 32 or 128.
//
// With a the largest magnitude of a group: scale = a / 127 and code = x * (127 / a), rounded to
// nearest even and held within 127, each operation rounded once. Below 2^-100, where 127 / a would
// leave the range of a float, codes and scale are 0 (the scale too, so that no product is
// subnormal).
#include "kernels/scalar/scalar_integer.hpp"

namespace minnow::scalar {
namespace {

using std::int16_t;
using std::int64_t;
using std::int8_t;
using std::uint32_t;

constexpr float kSmallest = 0x1p-100f;
constexpr uint32_t kInfinityBits = 0x7f800000u;
// Adding and taking away 1.5 * 2^23 rounds a small float to the nearest even integer.
constexpr float kRounder = 0x1.8p23f;

// Magnitudes compare as their bits do, NaN above infinity above all numbers.
uint32_t largest_magnitude_bits(const float* x, int64_t n) {
  uint32_t largest = 0;
  for (int64_t i = 0; i < n; ++i) {
    const uint32_t bits = __builtin_bit_cast(uint32_t, x[i]) & 0x7fffffffu;
    largest = bits > largest ? bits : largest;
  }
  return largest;
}

int8_t code_of(float x, float inverse) {
  float value = (x * inverse + kRounder) - kRounder;
  value = value > 127.0f ? 127.0f : value;
  value = value < -127.0f ? -127.0f : value;
  return static_cast<int8_t>(value);
}

}  // namespace

bool quantize(const float* x, int64_t n, int x_group, int8_t* codes, float* scales, int16_t* sums) {
  for (int64_t start = 0; start < n; start += x_group) {
    const int64_t size = n - start < x_group ? n - start : x_group;
    const uint32_t bits = largest_magnitude_bits(x + start, size);
    if (bits >= kInfinityBits) return false;
    const float largest = __builtin_bit_cast(float, bits);
    const bool tiny = largest < kSmallest;
    const float inverse = tiny ? 0.0f : 127.0f / largest;
    scales[start / x_group] = tiny ? 0.0f : largest / 127.0f;
    for (int64_t i = start; i < start + size; ++i) codes[i] = code_of(x[i], inverse);
  }
  for (int64_t start = 0; start < n; start += 16) {
    const int64_t end = n - start < 16 ? n : start + 16;
    int sum = 0;
    for (int64_t i = start; i < end; ++i) sum += codes[i];
    sums[start / 16] = static_cast<int16_t>(sum);
  }
  return true;
}

}  // namespace minnow::scalar
