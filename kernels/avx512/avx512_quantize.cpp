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

__mmask16 first_lanes(int64_t n) {
  return static_cast<__mmask16>((1 << n) - 1);
}

// The first n of x[16], or all; nothing else is read. Masked loads and stores of all sixteen took
// three times as long as plain ones.
[[gnu::always_inline]] inline __m512 load_first(const float* x, int64_t n) {
  return n >= 16 ? _mm512_loadu_ps(x) : _mm512_maskz_loadu_ps(first_lanes(n), x);
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
    const __m512i bits = _mm512_castps_si512(load_first(x + i, n - i));
    largest = _mm512_max_epi32(largest, _mm512_and_si512(bits, magnitude));
  }
  return largest_lane(largest);
}

// 16 codes, or n, and their sum.
[[gnu::always_inline]] inline int16_t store_codes(const float* x, __m512 inverse, int64_t n,
                                                  int8_t* codes) {
  const __m512 values = _mm512_mul_ps(load_first(x, n), inverse);
  __m512i q = _mm512_cvtps_epi32(values);  // nearest even
  q = _mm512_min_epi32(q, _mm512_set1_epi32(127));
  q = _mm512_max_epi32(q, _mm512_set1_epi32(-127));
  const __m128i bytes = _mm512_cvtepi32_epi8(q);
  if (n >= 16) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(codes), bytes);
  } else {
    _mm_mask_storeu_epi8(codes, first_lanes(n), bytes);
  }
  // Offset to unsigned, summed by eights; the lanes that do not exist are 0 and count 128 too.
  const __m128i offset = _mm_xor_si128(bytes, _mm_set1_epi8(-128));
  const __m128i sums = _mm_sad_epu8(offset, _mm_setzero_si128());
  return static_cast<int16_t>(_mm_extract_epi16(sums, 0) + _mm_extract_epi16(sums, 4) - 16 * 128);
}

// Four groups of 32 together: one reduction, one division and one test for all, since alone each
// would wait for the last.
constexpr int64_t kFour = 4 * 32;

// [m0, m1, m2, m3]: the largest lane of each vector of magnitudes.
[[gnu::always_inline]] inline __m128i largest_of_four(const __m512i* m) {
  __m128i four[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    const __m256i v8 =
        _mm256_max_epi32(_mm512_castsi512_si256(m[i]), _mm512_extracti32x8_epi32(m[i], 1));
    four[i] = _mm_max_epi32(_mm256_castsi256_si128(v8), _mm256_extracti128_si256(v8, 1));
  }
  const __m128i a =
      _mm_max_epi32(_mm_unpacklo_epi32(four[0], four[1]), _mm_unpackhi_epi32(four[0], four[1]));
  const __m128i b =
      _mm_max_epi32(_mm_unpacklo_epi32(four[2], four[3]), _mm_unpackhi_epi32(four[2], four[3]));
  return _mm_max_epi32(_mm_unpacklo_epi64(a, b), _mm_unpackhi_epi64(a, b));
}

// 32 codes and the sums of their halves. No product exceeds 127.00001: nothing is to be clamped.
[[gnu::always_inline]] inline void store_32(const __m512* x, __m512 inverse, int8_t* codes,
                                            int16_t* sums) {
  const __m128i low = _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(_mm512_mul_ps(x[0], inverse)));
  const __m128i high = _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(_mm512_mul_ps(x[1], inverse)));
  const __m256i bytes = _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(codes), bytes);
  const __m256i offset = _mm256_xor_si256(bytes, _mm256_set1_epi8(-128));
  const __m256i eights = _mm256_sad_epu8(offset, _mm256_setzero_si256());
  const __m256i all = _mm256_add_epi64(eights, _mm256_unpackhi_epi64(eights, eights));
  sums[0] = static_cast<int16_t>(_mm256_extract_epi16(all, 0) - 16 * 128);
  sums[1] = static_cast<int16_t>(_mm256_extract_epi16(all, 8) - 16 * 128);
}

[[gnu::always_inline]] inline bool quantize_four(const float* x, int8_t* codes, float* scales,
                                                 int16_t* sums) {
  const __m512i magnitude = _mm512_set1_epi32(0x7fffffff);
  __m512 values[8];
  __m512i m[4];
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) values[i] = _mm512_loadu_ps(x + 16 * i);
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    m[i] = _mm512_max_epi32(_mm512_and_si512(_mm512_castps_si512(values[2 * i]), magnitude),
                            _mm512_and_si512(_mm512_castps_si512(values[2 * i + 1]), magnitude));
  }
  const __m128i bits = largest_of_four(m);
  if (_mm_cmpge_epi32_mask(bits, _mm_set1_epi32(kInfinityBits)) != 0) return false;
  const __m128 largest = _mm_castsi128_ps(bits);
  const __mmask8 normal = _mm_cmp_ps_mask(largest, _mm_set1_ps(kSmallest), _CMP_GE_OQ);
  const __m128 limit = _mm_set1_ps(127.0f);
  _mm_storeu_ps(scales, _mm_maskz_div_ps(normal, largest, limit));
  const __m512 inverses = _mm512_castps128_ps512(_mm_maskz_div_ps(normal, limit, largest));
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    const __m512 inverse = _mm512_permutexvar_ps(_mm512_set1_epi32(i), inverses);
    store_32(values + 2 * i, inverse, codes + 32 * i, sums + 2 * i);
  }
  return true;
}

}  // namespace

bool quantize(const float* x, int64_t n, int x_group, int8_t* codes, float* scales, int16_t* sums) {
  int64_t done = 0;
  for (; x_group == 32 && done + kFour <= n; done += kFour) {
    if (!quantize_four(x + done, codes + done, scales + done / 32, sums + done / 16)) return false;
  }
  for (int64_t start = done; start < n; start += x_group) {
    const int64_t size = n - start < x_group ? n - start : x_group;
    const int32_t bits = largest_magnitude_bits(x + start, size);
    if (bits >= kInfinityBits) return false;
    const float largest = __builtin_bit_cast(float, bits);
    const bool tiny = largest < kSmallest;
    const __m512 inverse = _mm512_set1_ps(tiny ? 0.0f : 127.0f / largest);
    scales[start / x_group] = tiny ? 0.0f : largest / 127.0f;
    for (int64_t i = start; i < start + size; i += 16) {
      sums[i / 16] = store_codes(x + i, inverse, start + size - i, codes + i);
    }
  }
  return true;
}

}  // namespace minnow::avx512
