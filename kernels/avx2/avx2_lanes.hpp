// Lanes of the AVX2 table: two batches of eight. Include in files of kernels/avx2 only.
#pragma once

#include <immintrin.h>

#include "kernels/generic/lanes16_xsimd.hpp"

namespace minnow::avx2 {
namespace {

struct Avx2 {
  using Batch = xsimd::batch<float, xsimd::avx2>;
  static constexpr int kBatches = 2;

  // 16 registers: 6 x 1 vectors of 16 take 12, a weight vector 2, a broadcast 1.
  static constexpr int kTileTokens = 6;
  static constexpr bool kConvertsOnce = true;  // 2 conversions beside 12 fma
  static constexpr int tile_vectors(int n_tokens) {
    return n_tokens >= 3 ? 1 : n_tokens == 2 ? 2 : 4;
  }

  static Batch fma(Batch a, Batch b, Batch c) { return _mm256_fmadd_ps(a, b, c); }

  // -- 16-bit floats and bytes --------------------------------------------------------------------
  static Batch load(const generic::Half* x) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x)));
  }
  static Batch load(const generic::Brain* x) {
    const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(x));
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
  }
  static Batch load(const std::int8_t* x) {
    const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(x));
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes));
  }
  static void store(Batch x, generic::Half* y) {
    const __m128i bits = _mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(y), bits);
  }

  // -- the first n of eight -----------------------------------------------------------------------
  static __m256i first(int n) {
    alignas(32) static constexpr std::int32_t kMask[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kMask + 8 - n));
  }
  static Batch load_first(const float* x, int n) { return _mm256_maskload_ps(x, first(n)); }
  template <class Element>
  static Batch load_first(const Element* x, int n) {
    Element copy[8] = {};
    for (int i = 0; i < n; ++i) copy[i] = x[i];
    return load(copy);
  }
  static void store_first(Batch x, float* y, int n) { _mm256_maskstore_ps(y, first(n), x); }
  static void store_first(Batch x, generic::Half* y, int n) {
    generic::Half copy[8];
    store(x, copy);
    for (int i = 0; i < n; ++i) y[i] = copy[i];
  }

  // -- integers -----------------------------------------------------------------------------------
  static __m256i bits(Batch x) { return _mm256_castps_si256(x); }
  static Batch floats(__m256i x) { return _mm256_castsi256_ps(x); }
  static Batch bit_and(Batch a, Batch b) { return _mm256_and_ps(a, b); }
  static Batch bit_or(Batch a, Batch b) { return _mm256_or_ps(a, b); }
  static Batch bit_xor(Batch a, Batch b) { return _mm256_xor_ps(a, b); }
  static Batch bits_add(Batch a, Batch b) { return floats(_mm256_add_epi32(bits(a), bits(b))); }
  static Batch bits_subtract(Batch a, Batch b) {
    return floats(_mm256_sub_epi32(bits(a), bits(b)));
  }
  static Batch to_exponent(Batch a) { return floats(_mm256_slli_epi32(bits(a), 23)); }
  static Batch from_exponent(Batch a) { return _mm256_cvtepi32_ps(_mm256_srai_epi32(bits(a), 23)); }

  // -- shuffles -----------------------------------------------------------------------------------
  static Batch swap_pairs(Batch a) { return _mm256_permute_ps(a, 0xb1); }
  static Batch twice(Batch a) {
    return _mm256_permutevar8x32_ps(a, _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3));
  }
  static float sum_lanes(const Batch* part) {
    const __m256 eight = _mm256_add_ps(part[0], part[1]);
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
  }
  static float max_lanes(const Batch* part) {
    const __m256 eight = _mm256_max_ps(part[0], part[1]);
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
  }
};

using Lanes = generic::Lanes16Xsimd<Avx2>;

}  // namespace
}  // namespace minnow::avx2
