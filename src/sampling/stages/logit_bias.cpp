// Logit bias: adds the user's numbers to single logits; -infinity bans a token. Runs before the
// chain.
#include "sampling/stage.hpp"

namespace minnow {

void apply_logit_bias(StageState& state, Candidates& candidates) {
  candidates.edit(state.bias_rows, [&state](float logit, std::int32_t row) {
    return logit + state.logit_bias[static_cast<size_t>(row)].bias;
  });
}

}  // namespace minnow
