#include "ops/relative_positions.hpp"

#include <algorithm>

#include "base/exact_math.hpp"

namespace minnow {

namespace {

constexpr std::int64_t kFarthest = 128;  // distances from here on share the last bucket

std::int64_t stride_of(std::int64_t n_ctx) {
  return 2 * n_ctx - 1 + kChunkPositions;
}

}  // namespace

std::int32_t relative_bucket(std::int64_t distance, std::int32_t n_buckets, bool both_ways) {
  std::int32_t first = 0;
  std::int64_t far = std::max<std::int64_t>(-distance, 0);
  if (both_ways) {
    n_buckets /= 2;
    if (distance > 0) first = n_buckets;
    far = distance < 0 ? -distance : distance;
  }
  const std::int32_t n_near = n_buckets / 2;
  if (far < n_near) return first + static_cast<std::int32_t>(far);
  // Where the quotient is a whole number, rounding must not make it less.
  constexpr double kRounding = 1e-9;
  const double grown = exact_log(static_cast<double>(far) / n_near) /
                       exact_log(static_cast<double>(kFarthest) / n_near) * (n_buckets - n_near);
  const auto bucket =
      n_near + static_cast<std::int64_t>(std::min<double>(grown + kRounding, n_buckets));
  return first + static_cast<std::int32_t>(std::min<std::int64_t>(bucket, n_buckets - 1));
}

std::int64_t relative_bias_size(std::int64_t n_ctx, std::int32_t n_heads) {
  return n_heads * stride_of(n_ctx);
}

RelativeBias relative_bias_view(const float* values, std::int64_t n_ctx) {
  return {values, stride_of(n_ctx), n_ctx - 1};
}

void expand_relative_bias(const float* weights, std::int32_t n_buckets, bool both_ways,
                          std::int64_t n_ctx, std::int32_t n_heads, float* out) {
  const RelativeBias bias = relative_bias_view(out, n_ctx);
  for (std::int64_t i = 0; i < bias.head_stride; ++i) {
    const std::int32_t bucket = relative_bucket(i - bias.zero, n_buckets, both_ways);
    for (std::int32_t h = 0; h < n_heads; ++h)
      out[h * bias.head_stride + i] = weights[std::int64_t{bucket} * n_heads + h];
  }
}

}  // namespace minnow
