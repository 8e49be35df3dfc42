// Which way a product is computed, and the peak of the integer units.
#include "kernels/avx512/avx512_integer.hpp"

#include "kernels/avx512/avx512_intrinsics.hpp"
#include "kernels/generic/unrolled.hpp"

namespace minnow::avx512 {

using std::int64_t;

void matmul_integer(Format format, const MatmulArgs& args, void* scratch) {
  if (args.n_tokens == 1) return matmul_direct(format, args);
  if (fits_small(format, args)) return matmul_small(format, args, scratch);
  matmul_panels(format, args, scratch);
}

// 24 chains: enough for two vpdpbusd a cycle with a latency of five, and some more.
int64_t integer_peak(int64_t iterations) {
  constexpr int kChains = 24;
  __m512i sums[kChains];
  generic::unrolled<kChains>([&](auto i) __attribute__((always_inline)) {
    __m512i& sum = sums[i.kValue];  // clang captures nothing that only an asm statement names
    sum = _mm512_setzero_si512();
    __asm__("" : "+v"(sum));  // so that no chain is known to equal another
  });
  __m512i a = _mm512_set1_epi8(3);
  __m512i b = _mm512_set1_epi8(-5);
  for (int64_t iteration = 0; iteration < iterations; ++iteration) {
    __asm__ volatile("" : "+v"(a), "+v"(b));  // Nothing is known of the factors.
    generic::unrolled<kChains>([&](auto i) __attribute__((always_inline)) {
      sums[i.kValue] = _mm512_dpbusd_epi32(sums[i.kValue], a, b);
    });
  }
  generic::unrolled<kChains>([&](auto i) __attribute__((always_inline)) {
    const __m512i& sum = sums[i.kValue];
    __asm__ volatile("" : : "v"(sum));
  });
  return iterations * kChains * 64;
}

}  // namespace minnow::avx512
