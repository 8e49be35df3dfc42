#include "kernels/avx512/avx512_float.hpp"

#include "kernels/avx512/avx512_lanes.hpp"
#include "kernels/generic/activation.hpp"
#include "kernels/generic/norm.hpp"
#include "kernels/generic/rope.hpp"
#include "kernels/generic/rows.hpp"
#include "kernels/generic/softmax.hpp"
#include "kernels/generic/unrolled.hpp"

namespace minnow::avx512 {

#include "kernels/generic/float_definitions.inc"

std::uint64_t read_bytes(const void* data, std::int64_t n_bytes) {
  const __m512i* vectors = static_cast<const __m512i*>(data);
  __m512i sums[4];
  generic::unrolled<4>([&](auto j) { sums[j] = _mm512_setzero_si512(); });
  for (std::int64_t i = 0; i < n_bytes / 64; i += 16) {
    generic::unrolled<16>([&](auto j) {
      sums[j % 4] = _mm512_add_epi64(sums[j % 4], _mm512_load_si512(vectors + i + j));
    });
  }
  const __m512i sum =
      _mm512_add_epi64(_mm512_add_epi64(sums[0], sums[1]), _mm512_add_epi64(sums[2], sums[3]));
  alignas(64) std::uint64_t words[8];
  _mm512_store_si512(reinterpret_cast<__m512i*>(words), sum);
  std::uint64_t total = 0;
  for (const std::uint64_t word : words) total += word;
  return total;
}

std::int64_t float_peak(std::int64_t iterations) {
  constexpr int kChains = 12;  // at least latency times fma a cycle
  Avx512::Batch sums[kChains];
  generic::unrolled<kChains>([&](auto j) { sums[j] = Avx512::Batch(1.0f * j); });
  const Avx512::Batch half(0.5f);
  const Avx512::Batch one(1.0f);
  for (std::int64_t i = 0; i < iterations; ++i) {
    generic::unrolled<kChains>([&](auto j) { sums[j] = Avx512::fma(sums[j], half, one); });
  }
  // The sums converge to 2: the comparison only keeps the loop alive.
  bool finite = true;
  for (const auto& sum : sums) {
    float lanes[16];
    sum.store_unaligned(lanes);
    for (const float lane : lanes) finite = finite && lane < 16.0f;
  }
  return finite ? iterations * kChains * 16 : 0;
}

}  // namespace minnow::avx512
