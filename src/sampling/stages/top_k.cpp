// Top-k: keeps the k best.
#include "sampling/stage.hpp"

namespace minnow {

void apply_top_k(StageState& state, Candidates& candidates) {
  if (state.values.top_k > 0) candidates.keep_best(static_cast<size_t>(state.values.top_k));
}

}  // namespace minnow
