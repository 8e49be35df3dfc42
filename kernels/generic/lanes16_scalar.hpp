// Lanes16Scalar: sixteen floats as a plain array, the definition of what a Lanes16 type does.
//
// Every float body in kernels/generic is written on a type L with the members below; the other such
// type is Lanes16Xsimd. All operations work lane by lane, round once to nearest even, and give the
// same bits in every implementation (except which NaN a NaN is). Shuffles have contracts of their
// own.
//
// Operations are called, not inlined: fma without an instruction is two hundred of them, the bodies
// would be five times as long, and compiling them with a sanitizer took minutes.
//
// Tag is a type of the folder's anonymous namespace, so that nothing here gets a linkable symbol.
#pragma once

#include <cstdint>

#include "kernels/generic/half.hpp"
#include "kernels/generic/scalar_fma.hpp"

namespace minnow::generic {

template <class Tag>
struct Lanes16Scalar {
  using L = Lanes16Scalar;
  struct Mask {
    bool lane[16];
  };
  float lane[16];

  static constexpr bool kInMemory = true;
  // Register tiles (products.hpp): the most tokens a tile may have, and the vectors beside one
  // another for that many tokens, a power of two.
  static constexpr int kTileTokens = 1;
  // Whether 16-bit floats that many queries meet are better converted to memory once.
  static constexpr bool kConvertsOnce = true;
  static constexpr int tile_vectors(int) { return 1; }

  template <class Function>
  [[gnu::always_inline]] static inline L each(const Function& function) {
    L result;
    for (int i = 0; i < 16; ++i) result.lane[i] = function(i);
    return result;
  }
  template <class Function>
  [[gnu::always_inline]] static inline L each_bits(const Function& function) {
    return each([&](int i) { return __builtin_bit_cast(float, function(i)); });
  }
  [[gnu::always_inline]] static inline std::uint32_t bits_of(float x) {
    return __builtin_bit_cast(std::uint32_t, x);
  }

  // -- constants and memory -----------------------------------------------------------------------
  [[gnu::noinline]] static L set(float x) {
    return each([&](int) { return x; });
  }
  static L set_bits(std::uint32_t bits) { return set(__builtin_bit_cast(float, bits)); }

  static float convert(float x) { return x; }
  static float convert(std::int8_t x) { return static_cast<float>(x); }
  static float convert(Half x) { return half_to_float(x.bits); }
  static float convert(Brain x) { return brain_to_float(x.bits); }
  // From 16 elements of type float, Half, Brain or int8_t.
  template <class Element>
  [[gnu::noinline]] static L load(const Element* x) {
    return each([&](int i) { return convert(x[i]); });
  }
  // The first n elements (0...16), which are all that is read; +0 in the other lanes.
  template <class Element>
  [[gnu::noinline]] static L load_first(const Element* x, int n) {
    return each([&](int i) { return i < n ? convert(x[i]) : 0.0f; });
  }
  void store(float* y) const { store_first(y, 16); }
  void store(Half* y) const { store_first(y, 16); }
  [[gnu::noinline]] void store_first(float* y, int n) const {
    for (int i = 0; i < n; ++i) y[i] = lane[i];
  }
  [[gnu::noinline]] void store_first(Half* y, int n) const {
    for (int i = 0; i < n; ++i) y[i].bits = float_to_half(lane[i]);
  }

  // -- arithmetic ---------------------------------------------------------------------------------
  [[gnu::noinline]] friend L operator+(const L& a, const L& b) {
    return each([&](int i) { return a.lane[i] + b.lane[i]; });
  }
  [[gnu::noinline]] friend L operator-(const L& a, const L& b) {
    return each([&](int i) { return a.lane[i] - b.lane[i]; });
  }
  [[gnu::noinline]] friend L operator*(const L& a, const L& b) {
    return each([&](int i) { return a.lane[i] * b.lane[i]; });
  }
  [[gnu::noinline]] friend L operator/(const L& a, const L& b) {
    return each([&](int i) { return a.lane[i] / b.lane[i]; });
  }
  [[gnu::noinline]] static L fma(const L& a, const L& b, const L& c) {
    return each([&](int i) { return fused_multiply_add(a.lane[i], b.lane[i], c.lane[i]); });
  }
  // a > b ? a : b, so b when one is a NaN or both are zeros.
  [[gnu::noinline]] static L max(const L& a, const L& b) {
    return each([&](int i) { return a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]; });
  }

  // -- comparison: false for a NaN ----------------------------------------------------------------
  [[gnu::noinline]] static Mask less(const L& a, const L& b) {
    Mask mask;
    for (int i = 0; i < 16; ++i) mask.lane[i] = a.lane[i] < b.lane[i];
    return mask;
  }
  [[gnu::noinline]] static Mask less_equal(const L& a, const L& b) {
    Mask mask;
    for (int i = 0; i < 16; ++i) mask.lane[i] = a.lane[i] <= b.lane[i];
    return mask;
  }
  [[gnu::noinline]] static L select(const Mask& mask, const L& yes, const L& no) {
    return each([&](int i) { return mask.lane[i] ? yes.lane[i] : no.lane[i]; });
  }

  // -- lanes as 32-bit integers -------------------------------------------------------------------
  [[gnu::noinline]] static L bit_and(const L& a, const L& b) {
    return each_bits([&](int i) { return bits_of(a.lane[i]) & bits_of(b.lane[i]); });
  }
  [[gnu::noinline]] static L bit_or(const L& a, const L& b) {
    return each_bits([&](int i) { return bits_of(a.lane[i]) | bits_of(b.lane[i]); });
  }
  [[gnu::noinline]] static L bit_xor(const L& a, const L& b) {
    return each_bits([&](int i) { return bits_of(a.lane[i]) ^ bits_of(b.lane[i]); });
  }
  [[gnu::noinline]] static L bits_add(const L& a, const L& b) {
    return each_bits([&](int i) { return bits_of(a.lane[i]) + bits_of(b.lane[i]); });
  }
  [[gnu::noinline]] static L bits_subtract(const L& a, const L& b) {
    return each_bits([&](int i) { return bits_of(a.lane[i]) - bits_of(b.lane[i]); });
  }
  [[gnu::noinline]] static L to_exponent(const L& a) {  // the lowest nine bits, moved to the top
    return each_bits([&](int i) { return bits_of(a.lane[i]) << 23; });
  }
  [[gnu::noinline]] static L from_exponent(
      const L& a) {  // the highest nine bits as a signed number
    return each([&](int i) {
      const std::uint32_t high = bits_of(a.lane[i]) >> 23;
      return static_cast<float>(static_cast<std::int32_t>(high ^ 256u) - 256);
    });
  }

  // -- shuffles -----------------------------------------------------------------------------------
  [[gnu::noinline]] static L swap_pairs(const L& a) {  // lanes 1, 0, 3, 2, ...
    return each([&](int i) { return a.lane[i ^ 1]; });
  }
  // x[0], x[0], x[1], x[1], ... for n (0...8) elements, which are all that is read; then +0.
  [[gnu::noinline]] static L load_twice(const float* x, int n) {
    return each([&](int i) { return i / 2 < n ? x[i / 2] : 0.0f; });
  }
  // The fixed tree: lanes i + 8, then i + 4, i + 2, i + 1, the lower lane as the left operand.
  template <class Operation>
  static float tree(L a, const Operation& operation) {
    for (int half = 8; half > 0; half /= 2) {
      for (int i = 0; i < half; ++i) a.lane[i] = operation(a.lane[i], a.lane[i + half]);
    }
    return a.lane[0];
  }
  [[gnu::noinline]] static float sum_lanes(const L& a) {
    return tree(a, [](float x, float y) { return x + y; });
  }
  [[gnu::noinline]] static float max_lanes(const L& a) {
    return tree(a, [](float x, float y) { return x > y ? x : y; });
  }
};

}  // namespace minnow::generic
