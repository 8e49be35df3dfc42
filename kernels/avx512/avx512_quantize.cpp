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

// 128 values together, as four groups or as one: one reduction and one division for all, since
// alone each group would wait for the last.
constexpr int64_t kTogether = 128;

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

// 64 codes in order. No product exceeds 127.00001: nothing is to be clamped.
[[gnu::always_inline]] inline __m512i codes_of_64(const __m512* x, __m512 first, __m512 second) {
  const __m512i low = _mm512_packs_epi32(_mm512_cvtps_epi32(_mm512_mul_ps(x[0], first)),
                                         _mm512_cvtps_epi32(_mm512_mul_ps(x[1], first)));
  const __m512i high = _mm512_packs_epi32(_mm512_cvtps_epi32(_mm512_mul_ps(x[2], second)),
                                          _mm512_cvtps_epi32(_mm512_mul_ps(x[3], second)));
  // Packing works on quarters: group i of quarter j comes from vector i's quarter j.
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  return _mm512_permutexvar_epi32(order, _mm512_packs_epi16(low, high));
}

// The sums of 16 codes, in the lowest lane of each quarter.
[[gnu::always_inline]] inline __m512i sums_of_16(__m512i codes) {
  const __m512i fours = _mm512_dpbusd_epi32(_mm512_setzero_si512(), _mm512_set1_epi8(1), codes);
  const __m512i eights = _mm512_add_epi32(fours, _mm512_shuffle_epi32(fours, _MM_PERM_CDAB));
  return _mm512_add_epi32(eights, _mm512_shuffle_epi32(eights, _MM_PERM_BADC));
}

// GROUPS: 4 scales or 1.
template <int GROUPS>
[[gnu::always_inline]] inline bool quantize_together(const float* x, int8_t* codes, float* scales,
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
  __m128i bits;
  if constexpr (GROUPS == 4) {
    bits = largest_of_four(m);
  } else {
    const __m512i all =
        _mm512_max_epi32(_mm512_max_epi32(m[0], m[1]), _mm512_max_epi32(m[2], m[3]));
    bits = _mm_set1_epi32(largest_lane(all));
  }
  if (_mm_cmpge_epi32_mask(bits, _mm_set1_epi32(kInfinityBits)) != 0) return false;
  const __m128 largest = _mm_castsi128_ps(bits);
  const __mmask8 normal = _mm_cmp_ps_mask(largest, _mm_set1_ps(kSmallest), _CMP_GE_OQ);
  const __m128 limit = _mm_set1_ps(127.0f);
  const __m128 steps = _mm_maskz_div_ps(normal, largest, limit);
  _mm_mask_storeu_ps(scales, (1 << GROUPS) - 1, steps);
  const __m512 inverses = _mm512_castps128_ps512(_mm_maskz_div_ps(normal, limit, largest));
  const auto inverse = [&](int i) {
    return _mm512_permutexvar_ps(_mm512_set1_epi32(GROUPS == 4 ? i : 0), inverses);
  };
  const __m512i first = codes_of_64(values, inverse(0), inverse(1));
  const __m512i second = codes_of_64(values + 4, inverse(2), inverse(3));
  _mm512_storeu_si512(codes, first);
  _mm512_storeu_si512(codes + 64, second);
  const __m512i each_fourth =
      _mm512_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28, 0, 0, 0, 0, 0, 0, 0, 0);
  const __m512i eight =
      _mm512_permutex2var_epi32(sums_of_16(first), each_fourth, sums_of_16(second));
  void* const place = sums;
  _mm_storeu_si128(static_cast<__m128i*>(place),
                   _mm256_cvtepi32_epi16(_mm512_castsi512_si256(eight)));
  return true;
}

}  // namespace

bool quantize(const float* x, int64_t n, int x_group, int8_t* codes, float* scales, int16_t* sums) {
  int64_t done = 0;
  for (; done + kTogether <= n; done += kTogether) {
    const bool finite =
        x_group == 32
            ? quantize_together<4>(x + done, codes + done, scales + done / 32, sums + done / 16)
            : quantize_together<1>(x + done, codes + done, scales + done / 128, sums + done / 16);
    if (!finite) return false;
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
