#include "sampling/sampler.hpp"

#include "sampling/philox.hpp"

namespace minnow {
namespace {

// What random numbers are drawn for (the third word of Philox' counter): the last draw is 0, stages
// have numbers of their own. Written out, because a new stage must not change what a seed gives.
constexpr std::uint32_t kDrawPurpose = 0;

// Penalties and DRY, which both change tokens of the history only.
bool changes_past_tokens(const SamplingValues& v) {
  return v.repeat_penalty != 1.0f || v.frequency_penalty != 0.0f || v.presence_penalty != 0.0f ||
         v.dry_multiplier > 0.0f;
}

}  // namespace

Sampler::Sampler(const SamplingParams& params, const SamplerSetup& setup,
                 std::pmr::memory_resource* memory)
    : order_(params.order),
      state_(params, setup.n_vocab, setup.n_context, setup.dry_breakers, memory),
      candidates_(static_cast<size_t>(setup.n_vocab), memory),
      edited_(memory) {
  edited_.reserve(state_.logit_bias.size() + state_.history.capacity());
}

Status Sampler::create(const SamplingParams& params, const SamplerSetup& setup,
                       std::pmr::memory_resource* memory, std::unique_ptr<Sampler>* sampler) {
  if (setup.n_vocab < 1) {
    return error(StatusCode::kInvalidArgument, "sampler: a vocabulary of ", setup.n_vocab,
                 " tokens");
  }
  if (setup.n_context < 0) {
    return error(StatusCode::kInvalidArgument, "sampler: a context of ", setup.n_context,
                 " tokens");
  }
  MINNOW_TRY(check_sampling_params(params, setup.n_vocab));
  *sampler = std::make_unique<Sampler>(params, setup, memory);
  return {};
}

Status Sampler::sample(std::span<const float> logits, std::span<const std::uint64_t> mask,
                       std::uint64_t position, Token* token) {
  MINNOW_TRY(candidates_.begin(logits, mask, position));
  return run_chain(position, token);
}

Status Sampler::sample(std::span<const Candidate> candidates, std::span<const std::uint64_t> mask,
                       std::uint64_t position, Token* token) {
  MINNOW_TRY(candidates_.begin(candidates, mask, position));
  return run_chain(position, token);
}

LogitsNeed Sampler::need() const {
  if (state_.values.temperature <= 0) return {LogitsNeed::Of::kBest};
  if (state_.values.mirostat != 0) return stage_need(StageId::kMirostat, state_.values);
  for (const StageId id : order_.stages()) {
    const LogitsNeed need = stage_need(id, state_.values);
    if (need.of != LogitsNeed::Of::kNothing) return need;
  }
  return {LogitsNeed::Of::kAll};
}

std::span<const Token> Sampler::edited_tokens() {
  edited_.clear();
  for (const LogitBias& bias : state_.logit_bias) edited_.push_back(bias.token);
  if (changes_past_tokens(state_.values)) {
    for (size_t i = 0; i < state_.history.size(); ++i)
      edited_.push_back(state_.history.from_end(i));
  }
  return edited_;
}

Status Sampler::run_chain(std::uint64_t position, Token* token) {
  state_.position = position;
  const bool greedy = state_.values.temperature <= 0;
  MINNOW_TRY(run_stage(StageId::kLogitBias));
  if (!greedy && state_.values.mirostat != 0) {
    MINNOW_TRY(run_stage(StageId::kMirostat));
  } else {
    for (const StageId id : order_.stages()) {
      if (greedy && stage_names()[static_cast<size_t>(id)].role == StageRole::kFilter) continue;
      MINNOW_TRY(run_stage(id));
    }
  }
  if (greedy) {
    *token = candidates_.best().id;
    return {};
  }
  const std::uint64_t total = candidates_.weigh();
  const std::uint64_t bits = random_bits(state_.values.seed, position, kDrawPurpose);
  const Candidate chosen = candidates_.at_mass(scale_bits(bits, total));
  state_.drawn = chosen.id;
  state_.drawn_mass = mass_of(chosen);
  state_.drawn_total = total;
  *token = chosen.id;
  return {};
}

Status Sampler::run_stage(StageId id) {
  stage_function(id)(state_, candidates_);
  // Only a ban by logit bias can exclude all that is left.
  if (stage_names()[static_cast<size_t>(id)].role == StageRole::kEdit && candidates_.none_left()) {
    return error(StatusCode::kNotFound, "no candidate left at position ", state_.position,
                 ": logit bias or penalties exclude every token");
  }
  return {};
}

void Sampler::accept(Token token) {
  if (token < 0 || token >= state_.n_vocab) return;
  update_mirostat(state_, token);
  state_.history.push(token);
}

void Sampler::set_progress(const SamplerProgress& progress) {
  state_.mirostat_mu = progress.mirostat_mu;
  state_.drawn = progress.drawn;
  state_.drawn_mass = progress.drawn_mass;
  state_.drawn_total = progress.drawn_total;
}

void Sampler::reset() {
  state_.history.clear();
  state_.drawn = kNoToken;
  state_.mirostat_mu = 2.0 * state_.values.mirostat_tau;
}

}  // namespace minnow
