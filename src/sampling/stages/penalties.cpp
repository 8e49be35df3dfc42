// Penalties on tokens that occurred in the last repeat_last_n: repetition (a factor that always
// weakens, whatever the sign), frequency (for every occurrence) and presence (once).
#include "sampling/stage.hpp"

namespace minnow {

void apply_penalties(StageState& state, Candidates& candidates) {
  const SamplingValues& v = state.values;
  if (v.repeat_penalty == 1.0f && v.frequency_penalty == 0.0f && v.presence_penalty == 0.0f) return;
  candidates.edit(state.history.counts(), [&v](float logit, std::int32_t count) {
    const float weakened = logit <= 0 ? logit * v.repeat_penalty : logit / v.repeat_penalty;
    return weakened - (static_cast<float>(count) * v.frequency_penalty + v.presence_penalty);
  });
}

}  // namespace minnow
