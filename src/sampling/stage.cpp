#include "sampling/stage.hpp"

#include <algorithm>

namespace minnow {
namespace {

constexpr StageFunction kFunctions[] = {
#define MINNOW_SAMPLING_STAGE(id, name, others, letter, role, function, need) function,
#include "sampling/stages.inc"
#undef MINNOW_SAMPLING_STAGE
};

constexpr LogitsNeed (*kNeeds[])(const SamplingValues&) = {
#define MINNOW_SAMPLING_STAGE(id, name, others, letter, role, function, need) need,
#include "sampling/stages.inc"
#undef MINNOW_SAMPLING_STAGE
};

size_t window(int last_n, int n_context) {
  return static_cast<size_t>(look_back(last_n, n_context));
}

// DRY's window, if it is on at all: its memory is not taken otherwise.
size_t dry_window(const SamplingValues& values, int n_context) {
  return values.dry_multiplier > 0 ? window(values.dry_penalty_last_n, n_context) : 0;
}

}  // namespace

int look_back(int last_n, int n_context) {
  if (last_n < 0) return n_context;
  return n_context > 0 ? std::min(last_n, n_context) : last_n;
}

StageFunction stage_function(StageId id) {
  return kFunctions[static_cast<size_t>(id)];
}

LogitsNeed stage_need(StageId id, const SamplingValues& values) {
  return kNeeds[static_cast<size_t>(id)](values);
}

StageState::StageState(const SamplingParams& params, int vocab, int n_context,
                       const DryBreakers* dry, std::pmr::memory_resource* memory)
    : values(params),
      n_vocab(vocab),
      logit_bias(params.logit_bias.begin(), params.logit_bias.end(), memory),
      bias_rows(params.logit_bias.size(), memory),
      history(std::max(window(values.repeat_last_n, n_context), dry_window(values, n_context)),
              window(values.repeat_last_n, n_context), memory),
      breakers(dry != nullptr ? DryBreakers(*dry, memory) : DryBreakers(memory), memory),
      dry_matches(dry_window(values, n_context), memory),
      dry_lengths(dry_window(values, n_context), memory),
      mirostat_mu(2.0 * values.mirostat_tau) {
  // Several biases on one token add up, in the order in which they were given.
  for (size_t i = 0; i < logit_bias.size(); ++i) {
    if (const std::int32_t* row = bias_rows.find(logit_bias[i].token)) {
      logit_bias[static_cast<size_t>(*row)].bias += logit_bias[i].bias;
    } else {
      bias_rows[logit_bias[i].token] = static_cast<std::int32_t>(i);
    }
  }
}

}  // namespace minnow
