// exp, tanh, erf and log of sixteen lanes: own polynomials (Remez, in extended precision), the same
// operations in every table.
//
// Each is within 2 ulp of the correctly rounded value for every float (tests/kernels/functions_test
// has the measured errors); a result whose magnitude is below 2^-126 is a zero of the right sign;
// a NaN gives a NaN.
#pragma once

namespace minnow::generic {

// c[0] + x * (c[1] + x * (c[2] + ...)).
template <class L, int N>
[[gnu::always_inline]] inline L polynomial(L x, const float (&c)[N]) {
  L sum = L::set(c[N - 1]);
#pragma GCC unroll 8
  for (int i = N - 2; i >= 0; --i) sum = L::fma(sum, x, L::set(c[i]));
  return sum;
}

// exp(x) = 2^n * exp(r) with n the integer nearest x / ln 2, so |r| <= ln 2 / 2.
template <class L>
[[gnu::always_inline]] inline L inlined_exp(L x) {
  constexpr float kRound = 0x1.8p23f;  // adding it leaves the integer in the lowest bits
  constexpr float kCoefficients[] = {0.49999994f, 0.166665196f, 0.0416683927f, 0.00836878084f,
                                     0.00138144707f};
  const L shifted = L::fma(x, L::set(1.44269502f), L::set(kRound));
  const L n = shifted - L::set(kRound);
  L r = L::fma(n, L::set(-0.693147182f), x);
  r = L::fma(n, L::set(1.90465421e-9f), r);
  const L tail = polynomial(r, kCoefficients);
  const L mantissa = L::fma(tail * r, r, r) + L::set(1.0f);
  // The exponent stays in range: below -126 or above 128 the result is replaced.
  const L scaled = L::bits_add(mantissa, L::to_exponent(shifted));
  const L infinity = L::set(__builtin_inff());
  const L large = L::select(L::less_equal(x, L::set(88.7228317f)), scaled, x * infinity);
  return L::select(L::less(x, L::set(-87.3365402f)), L::set(0.0f), large);
}

template <class L>
[[gnu::noinline]] L called_exp(const L& x) {
  return inlined_exp(x);
}

// Called where lanes are an array in memory anyway.
template <class L>
[[gnu::always_inline]] inline L exp(L x) {
  if constexpr (L::kInMemory) return called_exp(x);
  return inlined_exp(x);
}

// x with its sign taken off and given back: sign_of and with_sign.
template <class L>
[[gnu::always_inline]] inline L sign_of(L x) {
  return L::bit_and(x, L::set_bits(0x80000000u));
}
template <class L>
[[gnu::always_inline]] inline L magnitude_of(L x) {
  return L::bit_and(x, L::set_bits(0x7fffffffu));
}
template <class L>
[[gnu::always_inline]] inline L with_sign(L magnitude, L sign) {
  const L tiny = L::set(0x1p-126f);
  return L::bit_or(L::select(L::less(magnitude, tiny), L::set(0.0f), magnitude), sign);
}

// Below 0.625 an odd polynomial; above, 1 - 2 / (exp(2 |x|) + 1).
template <class L>
[[gnu::always_inline]] inline L tanh(L x) {
  constexpr float kCoefficients[] = {-0.333332807f, 0.133314416f, -0.0537395999f, 0.0206386931f,
                                     -0.00570452819f};
  const L a = magnitude_of(x);
  const L square = a * a;
  const L small = L::fma(a * square, polynomial(square, kCoefficients), a);
  const L one = L::set(1.0f);
  const L large = one - L::set(2.0f) / (exp(a + a) + one);
  return with_sign(L::select(L::less(a, L::set(0.625f)), small, large), sign_of(x));
}

// Below 0.92 an odd polynomial; above, 1 - exp(|x| * a polynomial); from 3.93 on, 1.
template <class L>
[[gnu::always_inline]] inline L erf(L x) {
  constexpr float kSmall[] = {0.128379166f,   -0.376126349f,    0.112836957f,   -0.0268593971f,
                              0.00520102866f, -0.000814266445f, 8.36993204e-05f};
  constexpr float kLarge[] = {-1.12851381f, -0.635720193f,   -0.105259366f,
                              0.022888381f, -0.00321446289f, 0.000213925276f};
  const L a = magnitude_of(x);
  const L small = L::fma(a, polynomial(a * a, kSmall), a);
  const L one = L::set(1.0f);
  const L large = one - exp(a * polynomial(a, kLarge));
  const L near = L::select(L::less(a, L::set(0.92f)), small, large);
  return with_sign(L::select(L::less_equal(L::set(3.93f), a), one, near), sign_of(x));
}

// log(x) = e ln 2 + log(1 + f) with 1 + f in [sqrt(1/2), sqrt(2)).
template <class L>
[[gnu::always_inline]] inline L log(L x) {
  constexpr float kCoefficients[] = {0.333333313f, -0.250008196f, 0.200012267f, -0.166233584f,
                                     0.142017603f, -0.13160181f,  0.127615646f, -0.0763448626f};
  const auto subnormal = L::less(x, L::set(0x1p-126f));
  const L normal = L::select(subnormal, x * L::set(0x1p23f), x);
  const L above = L::bits_subtract(normal, L::set_bits(0x3f3504f3u));  // sqrt(1/2)
  const L mantissa = L::bits_subtract(normal, L::bit_and(above, L::set_bits(0xff800000u)));
  const L e = L::from_exponent(above) - L::select(subnormal, L::set(23.0f), L::set(0.0f));
  const L f = mantissa - L::set(1.0f);
  const L square = f * f;
  L tail = f * polynomial(f, kCoefficients);  // log(1 + f) = f + square * (tail - 1/2)
  tail = L::fma(e, L::set(-1.90465421e-9f), square * (tail - L::set(0.5f)));
  const L result = L::fma(e, L::set(0.693147182f), f + tail);
  const L zero = L::set(0.0f);
  const L infinity = L::set(__builtin_inff());
  // Not finite or not positive: infinity stays; zero gives -infinity; the rest is a NaN.
  const L at_zero = L::select(L::less_equal(zero, x), zero - infinity, (x - x) / (x - x));
  const L positive = L::select(L::less(x, infinity), result, x);
  return L::select(L::less(zero, x), positive, at_zero);
}

}  // namespace minnow::generic
