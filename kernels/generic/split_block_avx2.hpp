// Splitting a block of a head into its planes, for the tables that have AVX2.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace minnow::generic {

// Splits the 32 codes of a block; returns the sum of (2 low - 15)^2.
[[gnu::always_inline]] inline int split_block(const std::uint8_t* codes, std::uint8_t* upper,
                                              std::uint8_t* lower) {
  const void* const source = codes;
  const __m256i u = _mm256_xor_si256(_mm256_loadu_si256(static_cast<const __m256i*>(source)),
                                     _mm256_set1_epi8(-128));
  const __m128i first = _mm256_castsi256_si128(u);
  const __m128i second = _mm256_extracti128_si256(u, 1);
  const __m128i low_bits = _mm_set1_epi8(15);
  const __m128i high = _mm_or_si128(_mm_and_si128(_mm_srli_epi16(first, 4), low_bits),
                                    _mm_andnot_si128(low_bits, second));
  const __m128i low = _mm_or_si128(_mm_and_si128(first, low_bits),
                                   _mm_andnot_si128(low_bits, _mm_slli_epi16(second, 4)));
  void* const to_upper = upper;
  void* const to_lower = lower;
  _mm_storeu_si128(static_cast<__m128i*>(to_upper), high);
  _mm_storeu_si128(static_cast<__m128i*>(to_lower), low);
  const __m256i squares = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(-31, -87, 121, 81, 49, 25, 9, 1, 1, 9, 25, 49, 81, 121, -87, -31));
  const __m256i terms = _mm256_shuffle_epi8(squares, _mm256_and_si256(u, _mm256_set1_epi8(15)));
  const __m256i of_8 = _mm256_sad_epu8(terms, _mm256_setzero_si256());
  const __m128i of_16 =
      _mm_add_epi64(_mm256_castsi256_si128(of_8), _mm256_extracti128_si256(of_8, 1));
  return _mm_cvtsi128_si32(_mm_add_epi64(of_16, _mm_unpackhi_epi64(of_16, of_16)));
}

}  // namespace minnow::generic
