// Top-k: keeps the k best.
#include "sampling/stage.hpp"

namespace minnow {

void apply_top_k(StageState& state, Candidates& candidates) {
  if (state.values.top_k > 0) candidates.keep_best(static_cast<size_t>(state.values.top_k));
}

LogitsNeed top_k_needs(const SamplingValues& v) {
  if (v.top_k <= 0) return needs_nothing(v);
  return {LogitsNeed::Of::kBest, v.top_k};
}

}  // namespace minnow
