// Activations as signed bytes under one scale a group of 32 or 128: the scalar rule, 32 at a time.
//
// Magnitudes compare as integers, NaN above infinity above all numbers, so that one maximum also
// finds what is not finite. Conversion to integers rounds to nearest even, as the rule does; a
// product beyond 127 can only be 127 and a little, which rounds to 127 or saturates there.
#include <immintrin.h>

#include "kernels/avx2/avx2_integer.hpp"

namespace minnow::avx2 {
namespace {

using std::int16_t;
using std::int64_t;
using std::int8_t;
using std::uint32_t;

constexpr float kSmallest = 0x1p-100f;
constexpr uint32_t kInfinityBits = 0x7f800000u;

// Floats first...first + 7 of x[n], +0 beyond the end.
[[gnu::always_inline]] inline __m256 load_some(const float* x, int64_t first, int64_t n) {
  if (first + 8 <= n) return _mm256_loadu_ps(x + first);
  const int rest = first < n ? static_cast<int>(n - first) : 0;
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_maskload_ps(x + (first < n ? first : 0),
                            _mm256_cmpgt_epi32(_mm256_set1_epi32(rest), lane));
}

uint32_t largest_lane(__m256i values) {
  __m128i max = _mm_max_epu32(_mm256_castsi256_si128(values), _mm256_extracti128_si256(values, 1));
  max = _mm_max_epu32(max, _mm_shuffle_epi32(max, 0x4e));
  max = _mm_max_epu32(max, _mm_shuffle_epi32(max, 0xb1));
  return static_cast<uint32_t>(_mm_cvtsi128_si32(max));
}

uint32_t largest_magnitude_bits(const float* x, int64_t n) {
  const __m256i magnitude = _mm256_set1_epi32(0x7fffffff);
  __m256i largest = _mm256_setzero_si256();
  for (int64_t i = 0; i < n; i += 8) {
    const __m256i bits = _mm256_castps_si256(load_some(x, i, n));
    largest = _mm256_max_epu32(largest, _mm256_and_si256(bits, magnitude));
  }
  return largest_lane(largest);
}

__m256i round_to_codes(__m256 x, __m256 inverse) {
  return _mm256_cvtps_epi32(_mm256_mul_ps(x, inverse));
}

// 32 codes of x from i on, in order.
__m256i codes_of_32(const float* x, int64_t i, int64_t n, __m256 inverse) {
  __m256i parts[4];
#pragma GCC unroll 4
  for (int p = 0; p < 4; ++p) parts[p] = round_to_codes(load_some(x, i + 8 * p, n), inverse);
  const __m256i low = _mm256_packs_epi32(parts[0], parts[1]);
  const __m256i high = _mm256_packs_epi32(parts[2], parts[3]);
  // Packing works on the two halves of a register apart: put its eight dwords in order again.
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  return _mm256_permutevar8x32_epi32(_mm256_packs_epi16(low, high), order);
}

// Sums of the first and of the last 16 codes.
void store_sums(__m256i codes, bool both, int16_t* sums) {
  const __m256i pairs = _mm256_maddubs_epi16(_mm256_set1_epi8(1), codes);
  const __m256i fours = _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
  const __m256i eights = _mm256_add_epi32(fours, _mm256_shuffle_epi32(fours, 0x4e));
  const __m256i all = _mm256_add_epi32(eights, _mm256_shuffle_epi32(eights, 0xb1));
  sums[0] = static_cast<int16_t>(_mm256_extract_epi32(all, 0));
  if (both) sums[1] = static_cast<int16_t>(_mm256_extract_epi32(all, 4));
}

void store_codes(__m256i values, int64_t n, int8_t* codes) {
  if (n >= 32) return _mm256_storeu_si256(reinterpret_cast<__m256i*>(codes), values);
  alignas(32) int8_t all[32];
  _mm256_store_si256(reinterpret_cast<__m256i*>(all), values);
  for (int64_t i = 0; i < n; ++i) codes[i] = all[i];
}

}  // namespace

bool quantize(const float* x, int64_t n, int x_group, int8_t* codes, float* scales, int16_t* sums) {
  for (int64_t start = 0; start < n; start += x_group) {
    const int64_t end = n - start < x_group ? n : start + x_group;
    const uint32_t bits = largest_magnitude_bits(x + start, end - start);
    if (bits >= kInfinityBits) return false;
    const float largest = __builtin_bit_cast(float, bits);
    const bool tiny = largest < kSmallest;
    const __m256 inverse = _mm256_set1_ps(tiny ? 0.0f : 127.0f / largest);
    scales[start / x_group] = tiny ? 0.0f : largest / 127.0f;
    for (int64_t i = start; i < end; i += 32) {
      const __m256i values = codes_of_32(x, i, end, inverse);
      store_codes(values, end - i, codes + i);
      store_sums(values, end - i > 16, sums + i / 16);
    }
  }
  return true;
}

}  // namespace minnow::avx2
