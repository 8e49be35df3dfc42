// Top-n-sigma (Tang et al., 2024): keeps the logits within n standard deviations of the best one.
#include "sampling/stage.hpp"

namespace minnow {

void apply_top_n_sigma(StageState& state, Candidates& candidates) {
  const float n = state.values.top_n_sigma;
  if (n <= 0.0f) return;
  const Candidates::Moments moments = candidates.moments();
  if (moments.n <= 1) return;
  candidates.keep_at_least(static_cast<float>(candidates.best_logit() - n * moments.deviation));
}

LogitsNeed top_n_sigma_needs(const SamplingValues& v) {
  return needs_all_unless(v.top_n_sigma <= 0.0f);
}

}  // namespace minnow
