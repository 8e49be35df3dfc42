// Lanes of the AVX-512 table: one batch of sixteen. Include in files of kernels/avx512 only.
#pragma once

#include "kernels/avx512/avx512_intrinsics.hpp"
#include "kernels/generic/lanes16_xsimd.hpp"

namespace minnow::avx512 {
namespace {

struct Avx512 {
  using Batch = xsimd::batch<float, xsimd::avx512f>;
  static constexpr int kBatches = 1;

  // 32 registers: 12 x 2 vectors take 24, weight vectors 2, a broadcast 1.
  static constexpr int kTileTokens = 12;
  static constexpr bool kConvertsOnce = false;  // 2 conversions beside 24 fma
  static constexpr int tile_vectors(int n_tokens) {
    return n_tokens >= 7 ? 2 : n_tokens >= 3 ? 4 : 8;
  }

  static Batch fma(Batch a, Batch b, Batch c) { return _mm512_fmadd_ps(a, b, c); }

  // -- 16-bit floats and bytes --------------------------------------------------------------------
  static Batch from_half(__m256i bits) { return _mm512_cvtph_ps(bits); }
  static Batch from_brain(__m256i bits) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
  }
  static __m256i to_half(Batch x) { return _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT); }
  static Batch load(const generic::Half* x) {
    return from_half(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(x)));
  }
  static Batch load(const generic::Brain* x) {
    return from_brain(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(x)));
  }
  static Batch from_bytes(__m128i bytes) { return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes)); }
  static Batch load(const std::int8_t* x) {
    return from_bytes(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x)));
  }
  static void store(Batch x, generic::Half* y) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(y), to_half(x));
  }

  // -- the first n of sixteen ---------------------------------------------------------------------
  static __mmask16 first(int n) { return static_cast<__mmask16>((1u << n) - 1u); }
  static Batch load_first(const float* x, int n) { return _mm512_maskz_loadu_ps(first(n), x); }
  static Batch load_first(const generic::Half* x, int n) {
    return from_half(_mm256_maskz_loadu_epi16(first(n), x));
  }
  static Batch load_first(const generic::Brain* x, int n) {
    return from_brain(_mm256_maskz_loadu_epi16(first(n), x));
  }
  static Batch load_first(const std::int8_t* x, int n) {
    return from_bytes(_mm_maskz_loadu_epi8(first(n), x));
  }
  static void store_first(Batch x, float* y, int n) { _mm512_mask_storeu_ps(y, first(n), x); }
  static void store_first(Batch x, generic::Half* y, int n) {
    _mm256_mask_storeu_epi16(y, first(n), to_half(x));
  }

  // -- integers -----------------------------------------------------------------------------------
  static __m512i bits(Batch x) { return _mm512_castps_si512(x); }
  static Batch floats(__m512i x) { return _mm512_castsi512_ps(x); }
  static Batch bit_and(Batch a, Batch b) { return _mm512_and_ps(a, b); }
  static Batch bit_or(Batch a, Batch b) { return _mm512_or_ps(a, b); }
  static Batch bit_xor(Batch a, Batch b) { return _mm512_xor_ps(a, b); }
  static Batch bits_add(Batch a, Batch b) { return floats(_mm512_add_epi32(bits(a), bits(b))); }
  static Batch bits_subtract(Batch a, Batch b) {
    return floats(_mm512_sub_epi32(bits(a), bits(b)));
  }
  static Batch to_exponent(Batch a) { return floats(_mm512_slli_epi32(bits(a), 23)); }
  static Batch from_exponent(Batch a) { return _mm512_cvtepi32_ps(_mm512_srai_epi32(bits(a), 23)); }

  // -- shuffles -----------------------------------------------------------------------------------
  static Batch swap_pairs(Batch a) { return _mm512_permute_ps(a, 0xb1); }
  static Batch twice(Batch a) {
    const __m512i pairs = _mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
    return _mm512_permutexvar_ps(pairs, a);
  }
  static float sum_lanes(const Batch* part) {
    const __m512 all = *part;
    const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(all), _mm512_extractf32x8_ps(all, 1));
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
  }
  static float max_lanes(const Batch* part) {
    const __m512 all = *part;
    const __m256 eight = _mm256_max_ps(_mm512_castps512_ps256(all), _mm512_extractf32x8_ps(all, 1));
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
  }
};

using Lanes = generic::Lanes16Xsimd<Avx512>;

}  // namespace
}  // namespace minnow::avx512
