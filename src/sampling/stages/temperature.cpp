// Temperature, fixed or dynamic (kalomaze): with a range, the temperature follows the entropy from
// temperature - range (one candidate certain) to temperature + range (all alike).
#include <algorithm>

#include "sampling/entropy.hpp"
#include "sampling/stage.hpp"

namespace minnow {

void apply_temperature(StageState& state, Candidates& candidates) {
  const SamplingValues& v = state.values;
  if (v.dynatemp_range <= 0.0f) {
    candidates.divide(v.temperature);
    return;
  }
  candidates.collect();
  const size_t n = candidates.records().size();
  if (n <= 1) return;
  const double least = std::max(0.0, static_cast<double>(v.temperature) - v.dynatemp_range);
  const double most = static_cast<double>(v.temperature) + v.dynatemp_range;
  const double relative = entropy_of(candidates).nats / log_double(static_cast<double>(n));
  const double weight = relative > 0.0 ? pow_double(std::min(relative, 1.0), v.dynatemp_exponent)
                                       : (v.dynatemp_exponent > 0.0f ? 0.0 : 1.0);
  const auto temperature = static_cast<float>(least + (most - least) * weight);
  if (temperature > 0.0f) {
    candidates.divide(temperature);
  } else {
    candidates.keep_best(1);
  }
}

// Division makes some different logits equal, which could change who is among the best.
LogitsNeed temperature_needs(const SamplingValues& v) {
  return needs_all_unless(v.dynatemp_range <= 0.0f && v.temperature == 1.0f);
}

}  // namespace minnow
