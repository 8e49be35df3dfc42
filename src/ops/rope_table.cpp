#include "ops/rope_table.hpp"

#include <algorithm>

#include "base/exact_math.hpp"

namespace minnow {

namespace {

constexpr double kTwoPi = 6.283185307179586476925286766559;

// Peng et al., "YaRN" (arXiv 2309.00071), section 3.2: dimensions that turn often keep their
// frequency, those that turn seldom are interpolated, with a linear ramp in between.
double yarn_keep(int i, int n_rot, double base, const RopeScaling& scaling) {
  const auto dimension_of = [&](double rotations) {
    return n_rot * exact_log(scaling.original_context / (rotations * kTwoPi)) /
           (2 * exact_log(base));
  };
  const auto floor_of = [](double x) {
    const auto n = static_cast<double>(static_cast<std::int64_t>(x));
    return n > x ? n - 1 : n;
  };
  const double low = std::max(floor_of(dimension_of(scaling.beta_fast)), 0.0);
  const double high =
      std::min(-floor_of(-dimension_of(scaling.beta_slow)), static_cast<double>(n_rot - 1));
  const double ramp = (i - low) / std::max(high - low, 0.001);
  return 1.0 - std::clamp(ramp, 0.0, 1.0);
}

}  // namespace

void rope_frequencies(int n_rot, float base, const RopeScaling& scaling,
                      std::span<const float> factors, float* frequencies) {
  for (int i = 0; i < n_rot / 2; ++i) {
    const float power = static_cast<float>(exact_pow(base, 2.0 * i / n_rot));
    double frequency = 1.0f / power;
    if (scaling.kind == RopeScaling::Kind::kLinear) frequency /= scaling.factor;
    if (scaling.kind == RopeScaling::Kind::kYarn) {
      const double keep = yarn_keep(i, n_rot, base, scaling);
      frequency = frequency / scaling.factor * (1.0 - keep) + frequency * keep;
    }
    if (!factors.empty()) frequency /= factors[static_cast<std::size_t>(i)];
    frequencies[i] = static_cast<float>(frequency);
  }
}

void rope_angles(std::span<const float> frequencies, float attention_factor, std::int64_t first,
                 std::int64_t n_positions, float* cos, float* sin) noexcept {
  const std::size_t n = frequencies.size();
  for (std::int64_t p = 0; p < n_positions; ++p) {
    for (std::size_t i = 0; i < n; ++i) {
      double sine, cosine;
      exact_sincos(static_cast<double>(first + p) * frequencies[i], sine, cosine);
      *cos++ = static_cast<float>(cosine * attention_factor);
      *sin++ = static_cast<float>(sine * attention_factor);
    }
  }
}

}  // namespace minnow
