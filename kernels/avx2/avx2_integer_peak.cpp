// How many multiply-adds a second the integer units can do: the dot product of the 4-bit panel
// kernel on registers only.
#include <immintrin.h>

#include "kernels/avx2/avx2_integer.hpp"

namespace minnow::avx2 {

std::int64_t integer_peak(std::int64_t iterations) {
  constexpr int kChains = 6;     // enough for the latency of vpmaddwd and two adds
  constexpr int kProducts = 8;   // summed in 16 bits
  constexpr int kMacsEach = 32;  // of a vpmaddubsw
  const __m256i ones = _mm256_set1_epi16(1);
  __m256i codes = _mm256_set1_epi8(15);
  __m256i x = _mm256_set1_epi8(3);
  __m256i wide[kChains];
  for (__m256i& sum : wide) sum = _mm256_setzero_si256();
  for (std::int64_t i = 0; i < iterations; ++i) {
    __m256i sums[kChains];
#pragma GCC unroll 8
    for (int p = 0; p < kProducts; ++p) {
#pragma GCC unroll 6
      for (int c = 0; c < kChains; ++c) {
        __asm__("" : "+x"(codes), "+x"(x));  // Otherwise the product is computed once.
        const __m256i product = _mm256_maddubs_epi16(codes, x);
        sums[c] = p == 0 ? product : _mm256_add_epi16(sums[c], product);
        __asm__("" : "+x"(sums[c]));
      }
    }
#pragma GCC unroll 6
    for (int c = 0; c < kChains; ++c) {
      wide[c] = _mm256_add_epi32(wide[c], _mm256_madd_epi16(sums[c], ones));
    }
  }
  for (__m256i& sum : wide) __asm__ volatile("" : : "x"(sum));
  return iterations * kChains * kProducts * kMacsEach;
}

}  // namespace minnow::avx2
