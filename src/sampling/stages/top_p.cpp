// Top-p, nucleus sampling (Holtzman et al., 2019): keeps the best that together have at least this
// probability.
#include "sampling/stage.hpp"

namespace minnow {

void apply_top_p(StageState& state, Candidates& candidates) {
  const float p = state.values.top_p;
  if (p >= 1.0f) return;
  const std::uint64_t total = candidates.weigh();
  const double wanted = static_cast<double>(p) * static_cast<double>(total);
  auto mass = static_cast<std::uint64_t>(wanted);
  if (static_cast<double>(mass) < wanted) ++mass;
  candidates.keep_mass(mass, static_cast<size_t>(state.values.min_keep));
}

LogitsNeed top_p_needs(const SamplingValues& v) {
  return needs_all_unless(v.top_p >= 1.0f);
}

}  // namespace minnow
