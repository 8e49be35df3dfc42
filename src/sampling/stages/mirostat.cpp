// Mirostat 1 and 2 (Basu et al., 2020): keeps the surprise of the text near tau bits a token by
// moving a bound mu. Both replace the chain; the temperature applies before them.
//
// The bound moves when the drawn token is accepted, not when it is drawn, so drawing twice at one
// position gives the same token.
#include <array>

#include "sampling/stage.hpp"

namespace minnow {
namespace {

constexpr double kLog2 = 0.69314718055994531;
constexpr size_t kEstimateFrom = 100;  // tokens that the exponent of Zipf's law is estimated from

// Version 1: as many candidates as a vocabulary after Zipf's law would need for that surprise.
size_t count_for_surprise(const StageState& state, std::span<const Candidate> best) {
  if (best.size() < 2) return 1;
  double sum_tb = 0.0;
  double sum_tt = 0.0;
  for (size_t i = 0; i + 1 < best.size(); ++i) {
    const double t = log_double(static_cast<double>(i + 2) / static_cast<double>(i + 1));
    const double b = static_cast<double>(best[i].logit) - best[i + 1].logit;
    sum_tb += t * b;
    sum_tt += t * t;
  }
  const double exponent = sum_tb / sum_tt;
  const double epsilon = exponent - 1.0;
  const double n = state.n_vocab;
  const double base = epsilon * exp_double(state.mirostat_mu * kLog2) /
                      (1.0 - exp_double(-epsilon * log_double(n)));
  const double k = exp_double(log_double(base) / exponent);
  if (k >= n) return static_cast<size_t>(state.n_vocab);
  return k >= 1.0 ? static_cast<size_t>(k) : 1;
}

void keep_by_zipf(const StageState& state, Candidates& candidates) {
  std::array<Candidate, kEstimateFrom> best;
  const size_t n = candidates.copy_best(best);
  candidates.keep_best(count_for_surprise(state, std::span<const Candidate>(best).first(n)));
}

// Version 2: the candidates whose surprise is at most mu, which is a threshold on logits.
void keep_by_surprise(const StageState& state, Candidates& candidates) {
  const double log_total = log_double(static_cast<double>(candidates.weigh()) / kMassOne);
  candidates.keep_at_least(
      static_cast<float>(candidates.best_logit() + log_total - state.mirostat_mu * kLog2));
}

}  // namespace

void apply_mirostat(StageState& state, Candidates& candidates) {
  candidates.divide(state.values.temperature);
  if (state.values.mirostat == 1) {
    keep_by_zipf(state, candidates);
  } else {
    keep_by_surprise(state, candidates);
  }
}

void update_mirostat(StageState& state, Token token) {
  const bool known = state.values.mirostat != 0 && token == state.drawn && state.drawn_mass > 0;
  state.drawn = kNoToken;
  if (!known) return;
  const double share =
      static_cast<double>(state.drawn_mass) / static_cast<double>(state.drawn_total);
  const double surprise = -log_double(share) / kLog2;
  state.mirostat_mu -=
      static_cast<double>(state.values.mirostat_eta) * (surprise - state.values.mirostat_tau);
}

LogitsNeed mirostat_needs(const SamplingValues&) {
  return needs_all_unless(false);
}

}  // namespace minnow
