// Activations as signed bytes: the steps of kernels/scalar/quantize.cpp, 16 values at a time.
#include "kernels/avx512/avx512_integer.hpp"
#include "kernels/avx512/avx512_intrinsics.hpp"

namespace minnow::avx512 {
namespace {

using std::int16_t;
using std::int32_t;
using std::int64_t;
using std::int8_t;
using std::uint32_t;

constexpr float kSmallest = 0x1p-100f;
constexpr int32_t kInfinityBits = 0x7f800000;

// The first n (0...16) of x[16]; nothing else is read.
__mmask16 first_lanes(int64_t n) {
  return static_cast<__mmask16>(n >= 16 ? 0xffff : (1 << n) - 1);
}

int32_t largest_lane(__m512i v) {
  const __m256i v8 =
      _mm256_max_epi32(_mm512_extracti32x8_epi32(v, 0), _mm512_extracti32x8_epi32(v, 1));
  __m128i v4 = _mm_max_epi32(_mm256_castsi256_si128(v8), _mm256_extracti128_si256(v8, 1));
  v4 = _mm_max_epi32(v4, _mm_shuffle_epi32(v4, 0x4e));
  v4 = _mm_max_epi32(v4, _mm_shuffle_epi32(v4, 0xb1));
  return _mm_cvtsi128_si32(v4);
}

// Magnitudes compare as their bits do.
int32_t largest_magnitude_bits(const float* x, int64_t n) {
  const __m512i magnitude = _mm512_set1_epi32(0x7fffffff);
  __m512i largest = _mm512_setzero_si512();
  for (int64_t i = 0; i < n; i += 16) {
    const __m512i bits = _mm512_maskz_loadu_epi32(first_lanes(n - i), x + i);
    largest = _mm512_max_epi32(largest, _mm512_and_si512(bits, magnitude));
  }
  return largest_lane(largest);
}

// 16 codes and their sum.
int16_t store_codes(const float* x, __m512 inverse, __mmask16 mask, int8_t* codes) {
  const __m512 values = _mm512_mul_ps(_mm512_maskz_loadu_ps(mask, x), inverse);
  __m512i q = _mm512_cvtps_epi32(values);  // nearest even
  q = _mm512_min_epi32(q, _mm512_set1_epi32(127));
  q = _mm512_max_epi32(q, _mm512_set1_epi32(-127));
  const __m128i bytes = _mm512_cvtepi32_epi8(q);
  _mm_mask_storeu_epi8(codes, mask, bytes);
  // Offset to unsigned, summed by eights; the lanes that do not exist are 0 and count 128 too.
  const __m128i offset = _mm_xor_si128(bytes, _mm_set1_epi8(-128));
  const __m128i sums = _mm_sad_epu8(offset, _mm_setzero_si128());
  return static_cast<int16_t>(_mm_extract_epi16(sums, 0) + _mm_extract_epi16(sums, 4) - 16 * 128);
}

}  // namespace

bool quantize(const float* x, int64_t n, int x_group, int8_t* codes, float* scales, int16_t* sums) {
  for (int64_t start = 0; start < n; start += x_group) {
    const int64_t size = n - start < x_group ? n - start : x_group;
    const int32_t bits = largest_magnitude_bits(x + start, size);
    if (bits >= kInfinityBits) return false;
    const float largest = __builtin_bit_cast(float, bits);
    const bool tiny = largest < kSmallest;
    const __m512 inverse = _mm512_set1_ps(tiny ? 0.0f : 127.0f / largest);
    scales[start / x_group] = tiny ? 0.0f : largest / 127.0f;
    for (int64_t i = start; i < start + size; i += 16) {
      sums[i / 16] = store_codes(x + i, inverse, first_lanes(start + size - i), codes + i);
    }
  }
  return true;
}

}  // namespace minnow::avx512
