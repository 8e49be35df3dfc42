// Sampler: from the logits of one position to a token.
//
// Mask, logit bias, the stages in their order, then one draw. The random numbers are a function of
// seed, position and stage, so the same state and position give the same token, whatever was
// sampled before, in whatever batch. What a Sampler remembers is the tokens it was given by
// accept() and, with Mirostat, its running target. It does not know the vocabulary's texts,
// grammars or models.
#pragma once

#include <cstdint>
#include <memory>
#include <memory_resource>
#include <span>

#include "base/status.hpp"
#include "base/token.hpp"
#include "sampling/candidates.hpp"
#include "sampling/dry_breakers.hpp"
#include "sampling/sampling_params.hpp"
#include "sampling/stage.hpp"

namespace minnow {

struct SamplerSetup {
  int n_vocab = 0;
  int n_context = 0;                          // what -1 in the look-back options stands for
  const DryBreakers* dry_breakers = nullptr;  // copied; NULL: DRY matches across everything
};

// What a sampler knows beside the tokens it was given: Mirostat's running target and the last draw.
struct SamplerProgress {
  double mirostat_mu = 0;
  Token drawn = kNoToken;
  std::uint64_t drawn_mass = 0;
  std::uint64_t drawn_total = 0;
};

class Sampler {
 public:
  // Takes all memory that sampling will ever need from `memory` (which must outlive the sampler):
  // about 16 bytes for each token of the vocabulary, and the look-back windows.
  // kInvalidArgument: a value out of range.
  static Status create(const SamplingParams& params, const SamplerSetup& setup,
                       std::pmr::memory_resource* memory, std::unique_ptr<Sampler>* sampler);

  // Samples from the logits of one position. Greedy when the temperature is 0 or less.
  // logits: [n_vocab], untouched; -infinity means "cannot be chosen".
  // mask: one bit a token, lowest bit first, 1 = allowed; empty: all are allowed.
  // kNumeric: a logit is NaN or +infinity, the message names position and token.
  // kNotFound: no candidate left: the mask or the logits exclude every token.
  // Allocates nothing (but for the message of a failure). One thread at a time.
  Status sample(std::span<const float> logits, std::span<const std::uint64_t> mask,
                std::uint64_t position, Token* token);
  Status sample(std::span<const float> logits, std::uint64_t position, Token* token) {
    return sample(logits, {}, position, token);
  }

  // The same from a list of candidates (their p is ignored), as a screened head leaves them: at
  // most n_vocab, in any order, each token once. A result equals that of the full logits if the
  // chain would have dropped all others before it looked at probabilities, as with top_k.
  Status sample(std::span<const Candidate> candidates, std::span<const std::uint64_t> mask,
                std::uint64_t position, Token* token);

  // What the next sample() would look at, so that the logits of the other tokens need not be
  // computed; candidates that it did not ask for do no harm. Tokens of edited_tokens() must be
  // among the candidates and do not count as the best.
  LogitsNeed need() const;

  // The tokens whose logits stages will change for themselves: by bias, penalties and DRY. Some may
  // occur twice. Valid until the next call.
  std::span<const Token> edited_tokens();

  // Tells the sampler which token came next: prompt tokens, sampled ones, forced ones. Penalties,
  // DRY and Mirostat look at these. Tokens outside the vocabulary are ignored.
  void accept(Token token);

  // Forgets all tokens and Mirostat's running target.
  void reset();

  // For saving and taking up: after reset() and accept() of the same tokens, set_progress() makes
  // the sampler go on as the one that progress() was asked of.
  SamplerProgress progress() const {
    return {state_.mirostat_mu, state_.drawn, state_.drawn_mass, state_.drawn_total};
  }
  void set_progress(const SamplerProgress& progress);

  // What was left when the last token was drawn, unordered; p is exp(logit - best logit), rounded
  // to 2^-40 (empty after greedy sampling). Valid until the next call of sample.
  std::span<const Candidate> candidates() const { return candidates_.records(); }

  const SamplingValues& values() const { return state_.values; }
  std::span<const StageId> stages() const { return order_.stages(); }

  // Use create(). Public only for std::make_unique.
  Sampler(const SamplingParams& params, const SamplerSetup& setup,
          std::pmr::memory_resource* memory);

 private:
  Status run_chain(std::uint64_t position, Token* token);
  Status run_stage(StageId id);

  SamplerOrder order_;
  StageState state_;
  Candidates candidates_;
  std::pmr::vector<Token> edited_;  // of edited_tokens(); its memory is taken at creation
};

}  // namespace minnow
