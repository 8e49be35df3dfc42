// Min-p (Nguyen et al., 2024): keeps the candidates with at least this part of the best one's
// probability, which is a threshold on logits.
#include <algorithm>

#include "sampling/stage.hpp"

namespace minnow {

void apply_min_p(StageState& state, Candidates& candidates) {
  const SamplingValues& v = state.values;
  if (v.min_p <= 0.0f) return;
  const auto threshold = static_cast<float>(candidates.best_logit() + log_double(v.min_p));
  candidates.keep_at_least(
      v.min_keep > 1 ? std::min(threshold, candidates.nth_logit(static_cast<size_t>(v.min_keep)))
                     : threshold);
}

LogitsNeed min_p_needs(const SamplingValues& v) {
  if (v.min_p <= 0.0f) return needs_nothing(v);
  // A millionth more than the threshold, for the rounding to float.
  const auto below = static_cast<float>(-log_double(v.min_p) * (1.0 + 1e-6) + 1e-6);
  return {LogitsNeed::Of::kBest, std::max(v.min_keep, 1), below};
}

}  // namespace minnow
