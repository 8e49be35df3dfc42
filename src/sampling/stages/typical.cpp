// Locally typical sampling (Meister et al., 2022): keeps the candidates whose surprise is nearest
// to the entropy, until together they have more than the given probability.
#include <algorithm>

#include "sampling/entropy.hpp"
#include "sampling/select.hpp"
#include "sampling/stage.hpp"

namespace minnow {

void apply_typical(StageState& state, Candidates& candidates) {
  const float p = state.values.typical_p;
  if (p >= 1.0f) return;
  candidates.collect();
  const Entropy entropy = entropy_of(candidates);
  const float best = candidates.best_logit();
  const auto distance = [&](const Candidate& c) {
    const double difference = entropy.log_total + (best - c.logit) - entropy.nats;
    return difference < 0 ? -difference : difference;
  };
  const auto more_typical = [&](const Candidate& a, const Candidate& b) {
    const double da = distance(a);
    const double db = distance(b);
    return da < db || (da == db && comes_before(a, b));
  };
  const double wanted = static_cast<double>(p) * static_cast<double>(entropy.total);
  const std::uint64_t target =
      std::min(static_cast<std::uint64_t>(wanted) + 1, entropy.total);  // strictly more than p
  const std::span<Candidate> records = candidates.records();
  const size_t keep =
      prefix_of_mass(records.data(), records.size(), target, more_typical, distance);
  const size_t least = std::min(static_cast<size_t>(state.values.min_keep), records.size());
  if (keep < least) {
    std::nth_element(records.begin(), records.begin() + static_cast<std::ptrdiff_t>(least - 1),
                     records.end(), more_typical);
  }
  candidates.truncate(std::max(keep, least));
  candidates.mark_unsorted();
}

LogitsNeed typical_needs(const SamplingValues& v) {
  return needs_all_unless(v.typical_p >= 1.0f);
}

}  // namespace minnow
