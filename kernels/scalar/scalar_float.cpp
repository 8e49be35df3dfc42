#include "kernels/scalar/scalar_float.hpp"

#include <cstring>

#include "kernels/generic/activation.hpp"
#include "kernels/generic/norm.hpp"
#include "kernels/generic/rope.hpp"
#include "kernels/generic/rows.hpp"
#include "kernels/generic/softmax.hpp"
#include "kernels/scalar/scalar_lanes.hpp"

namespace minnow::scalar {

#include "kernels/generic/float_definitions.inc"

std::uint64_t read_bytes(const void* data, std::int64_t n_bytes) {
  const std::uint64_t* words = static_cast<const std::uint64_t*>(data);
  std::uint64_t sums[8] = {};
  for (std::int64_t i = 0; i < n_bytes / 8; i += 8) {
    for (int j = 0; j < 8; ++j) sums[j] += words[i + j];
  }
  return sums[0] + sums[1] + sums[2] + sums[3] + sums[4] + sums[5] + sums[6] + sums[7];
}

std::int64_t float_peak(std::int64_t iterations) {
  float sums[8] = {};
  for (std::int64_t i = 0; i < iterations; ++i) {
    for (float& sum : sums) sum = generic::fused_multiply_add(0.5f, sum, 1.0f);
  }
  // The sums converge to 2: the comparison only keeps the loop alive.
  bool finite = true;
  for (const float sum : sums) finite = finite && sum < 4.0f;
  return finite ? iterations * 8 : 0;
}

}  // namespace minnow::scalar
