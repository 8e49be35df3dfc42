// Lanes16Xsimd: Lanes16Scalar's contract on one, two or four xsimd batches.
//
// xsimd gives loads, stores, + - * /, max, comparison and select. Isa, a type of the folder's
// anonymous namespace, gives the rest by intrinsics: fma (xsimd 8.1 has no fused one for AVX-512),
// 16-bit floats, partial loads and stores, integer operations and shuffles. xsimd's hadd, round and
// mathematical functions are never used: their results differ from one ISA to another. Plain loops
// over the batches, with a pragma because -O2 leaves loops alone: lambdas here made a build with
// sanitizers take minutes a file.
#pragma once

#include <cstdint>

#include <xsimd/xsimd.hpp>

#include "kernels/generic/half.hpp"

namespace minnow::generic {

template <class Isa>
struct Lanes16Xsimd {
  using L = Lanes16Xsimd;
  using Batch = typename Isa::Batch;
  static constexpr int kBatches = Isa::kBatches;
  static constexpr int kWidth = 16 / kBatches;
  struct Mask {
    typename Batch::batch_bool_type part[kBatches];
  };
  Batch part[kBatches];

  static constexpr bool kInMemory = false;
  static constexpr int kTileTokens = Isa::kTileTokens;
  static constexpr bool kConvertsOnce = Isa::kConvertsOnce;
  static constexpr int tile_vectors(int n_tokens) { return Isa::tile_vectors(n_tokens); }

  // How many of n lanes fall into batch i.
  [[gnu::always_inline]] static inline int share(int n, int i) {
    const int left = n - i * kWidth;
    return left <= 0 ? 0 : left < kWidth ? left : kWidth;
  }

  // -- constants and memory -----------------------------------------------------------------------
  [[gnu::always_inline]] static inline L set(float x) {
    L result;
#pragma GCC unroll 4
    for (int i = 0; i < kBatches; ++i) result.part[i] = Batch(x);
    return result;
  }
  [[gnu::always_inline]] static inline L set_bits(std::uint32_t bits) {
    return set(__builtin_bit_cast(float, bits));
  }
  [[gnu::always_inline]] static inline L load(const float* x) {
    L result;
#pragma GCC unroll 4
    for (int i = 0; i < kBatches; ++i) result.part[i] = Batch::load_unaligned(x + i * kWidth);
    return result;
  }
  template <class Element>
  [[gnu::always_inline]] static inline L load(const Element* x) {
    L result;
#pragma GCC unroll 4
    for (int i = 0; i < kBatches; ++i) result.part[i] = Isa::load(x + i * kWidth);
    return result;
  }
  template <class Element>
  [[gnu::always_inline]] static inline L load_first(const Element* x, int n) {
    L result;
#pragma GCC unroll 4
    for (int i = 0; i < kBatches; ++i) {
      const int count = share(n, i);
      result.part[i] = Isa::load_first(count > 0 ? x + i * kWidth : x, count);
    }
    return result;
  }
  [[gnu::always_inline]] inline void store(float* y) const {
#pragma GCC unroll 4
    for (int i = 0; i < kBatches; ++i) part[i].store_unaligned(y + i * kWidth);
  }
  [[gnu::always_inline]] inline void store(Half* y) const {
#pragma GCC unroll 4
    for (int i = 0; i < kBatches; ++i) Isa::store(part[i], y + i * kWidth);
  }
  template <class Element>
  [[gnu::always_inline]] inline void store_first(Element* y, int n) const {
#pragma GCC unroll 4
    for (int i = 0; i < kBatches; ++i) {
      const int count = share(n, i);
      if (count > 0) Isa::store_first(part[i], y + i * kWidth, count);
    }
  }

  // -- arithmetic ---------------------------------------------------------------------------------
  [[gnu::always_inline]] friend inline L operator+(L a, L b) {
    L result;
#pragma GCC unroll 4
    for (int i = 0; i < kBatches; ++i) result.part[i] = a.part[i] + b.part[i];
    return result;
  }
  [[gnu::always_inline]] friend inline L operator-(L a, L b) {
    L result;
#pragma GCC unroll 4
    for (int i = 0; i < kBatches; ++i) result.part[i] = a.part[i] - b.part[i];
    return result;
  }
  [[gnu::always_inline]] friend inline L operator*(L a, L b) {
    L result;
#pragma GCC unroll 4
    for (int i = 0; i < kBatches; ++i) result.part[i] = a.part[i] * b.part[i];
    return result;
  }
  [[gnu::always_inline]] friend inline L operator/(L a, L b) {
    L result;
#pragma GCC unroll 4
    for (int i = 0; i < kBatches; ++i) result.part[i] = a.part[i] / b.part[i];
    return result;
  }
  [[gnu::always_inline]] static inline L fma(L a, L b, L c) {
    L result;
#pragma GCC unroll 4
    for (int i = 0; i < kBatches; ++i) result.part[i] = Isa::fma(a.part[i], b.part[i], c.part[i]);
    return result;
  }
  [[gnu::always_inline]] static inline L max(L a, L b) {
    L result;
#pragma GCC unroll 4
    for (int i = 0; i < kBatches; ++i) result.part[i] = xsimd::max(a.part[i], b.part[i]);
    return result;
  }

  // -- comparison ---------------------------------------------------------------------------------
  [[gnu::always_inline]] static inline Mask less(L a, L b) {
    Mask result;
#pragma GCC unroll 4
    for (int i = 0; i < kBatches; ++i) result.part[i] = a.part[i] < b.part[i];
    return result;
  }
  [[gnu::always_inline]] static inline Mask less_equal(L a, L b) {
    Mask result;
#pragma GCC unroll 4
    for (int i = 0; i < kBatches; ++i) result.part[i] = a.part[i] <= b.part[i];
    return result;
  }
  [[gnu::always_inline]] static inline L select(Mask mask, L yes, L no) {
    L result;
#pragma GCC unroll 4
    for (int i = 0; i < kBatches; ++i)
      result.part[i] = xsimd::select(mask.part[i], yes.part[i], no.part[i]);
    return result;
  }

  // -- lanes as 32-bit integers -------------------------------------------------------------------
  [[gnu::always_inline]] static inline L bit_and(L a, L b) {
    L result;
#pragma GCC unroll 4
    for (int i = 0; i < kBatches; ++i) result.part[i] = Isa::bit_and(a.part[i], b.part[i]);
    return result;
  }
  [[gnu::always_inline]] static inline L bit_or(L a, L b) {
    L result;
#pragma GCC unroll 4
    for (int i = 0; i < kBatches; ++i) result.part[i] = Isa::bit_or(a.part[i], b.part[i]);
    return result;
  }
  [[gnu::always_inline]] static inline L bit_xor(L a, L b) {
    L result;
#pragma GCC unroll 4
    for (int i = 0; i < kBatches; ++i) result.part[i] = Isa::bit_xor(a.part[i], b.part[i]);
    return result;
  }
  [[gnu::always_inline]] static inline L bits_add(L a, L b) {
    L result;
#pragma GCC unroll 4
    for (int i = 0; i < kBatches; ++i) result.part[i] = Isa::bits_add(a.part[i], b.part[i]);
    return result;
  }
  [[gnu::always_inline]] static inline L bits_subtract(L a, L b) {
    L result;
#pragma GCC unroll 4
    for (int i = 0; i < kBatches; ++i) result.part[i] = Isa::bits_subtract(a.part[i], b.part[i]);
    return result;
  }
  [[gnu::always_inline]] static inline L to_exponent(L a) {
    L result;
#pragma GCC unroll 4
    for (int i = 0; i < kBatches; ++i) result.part[i] = Isa::to_exponent(a.part[i]);
    return result;
  }
  [[gnu::always_inline]] static inline L from_exponent(L a) {
    L result;
#pragma GCC unroll 4
    for (int i = 0; i < kBatches; ++i) result.part[i] = Isa::from_exponent(a.part[i]);
    return result;
  }

  // -- shuffles -----------------------------------------------------------------------------------
  [[gnu::always_inline]] static inline L swap_pairs(L a) {
    L result;
#pragma GCC unroll 4
    for (int i = 0; i < kBatches; ++i) result.part[i] = Isa::swap_pairs(a.part[i]);
    return result;
  }
  [[gnu::always_inline]] static inline L load_twice(const float* x, int n) {
    L result;
#pragma GCC unroll 4
    for (int i = 0; i < kBatches; ++i) {
      const int count = share(2 * n, i) / 2;
      result.part[i] = Isa::twice(Isa::load_first(count > 0 ? x + i * kWidth / 2 : x, count));
    }
    return result;
  }
  [[gnu::always_inline]] static inline float sum_lanes(L a) {
    return Isa::sum_lanes(a.part);
  }
  [[gnu::always_inline]] static inline float max_lanes(L a) {
    return Isa::max_lanes(a.part);
  }
};

}  // namespace minnow::generic
