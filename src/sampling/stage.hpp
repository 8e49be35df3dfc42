// What a stage gets to see, and the table of all stages (stages.inc).
//
// A stage is a plain function in a file of its own in stages/: it reads the state and changes the
// candidates. It leaves at least one candidate, allocates nothing and cannot fail.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <span>
#include <vector>

#include "sampling/candidates.hpp"
#include "sampling/dry_breakers.hpp"
#include "sampling/sampling_params.hpp"
#include "sampling/token_history.hpp"
#include "sampling/token_table.hpp"

namespace minnow {

// The memory of a sampler: options, tokens so far, working tables.
struct StageState {
  StageState(const SamplingParams& params, int n_vocab, int n_context, const DryBreakers* dry,
             std::pmr::memory_resource* memory);

  SamplingValues values;
  int n_vocab;
  std::uint64_t position = 0;  // of the token that is being sampled
  std::pmr::vector<LogitBias> logit_bias;
  TokenTable bias_rows;  // token to row of logit_bias
  TokenHistory history;
  DryBreakers breakers;
  TokenTable dry_matches;                      // token to length of the repetition it would extend
  std::pmr::vector<std::int32_t> dry_lengths;  // [dry window]
  double mirostat_mu;                          // running bound, in bits
  // What the last draw gave: Mirostat learns from it when the token is accepted.
  Token drawn = kNoToken;
  std::uint64_t drawn_mass = 0;
  std::uint64_t drawn_total = 0;
};

// How many tokens a look-back option means: -1 is the context.
int look_back(int last_n, int n_context);

// Which logits a chain must see; what it would drop before it looks at them need not be computed.
struct LogitsNeed {
  enum class Of : unsigned char {
    kNothing,  // of a stage: it changes nothing, or single tokens only
    kBest,     // the n_best (ties to the lower id), and all within below_best of the best one
    kAll,
  };
  Of of = Of::kAll;
  std::int32_t n_best = 1;
  float below_best = 0.0f;
};

inline LogitsNeed needs_nothing(const SamplingValues&) {
  return {LogitsNeed::Of::kNothing};
}
// Of a stage that looks at everything unless it is off.
inline LogitsNeed needs_all_unless(bool off) {
  return {off ? LogitsNeed::Of::kNothing : LogitsNeed::Of::kAll};
}

#define MINNOW_SAMPLING_STAGE(id, name, others, letter, role, function, need) \
  void function(StageState& state, Candidates& candidates);                   \
  LogitsNeed need(const SamplingValues& values);
#include "sampling/stages.inc"
#undef MINNOW_SAMPLING_STAGE

// Moves Mirostat's bound after a token that it drew was accepted (stages/mirostat.cpp).
void update_mirostat(StageState& state, Token token);

using StageFunction = void (*)(StageState& state, Candidates& candidates);

// Returns the function of a stage.
StageFunction stage_function(StageId id);

// What a stage needs with these options.
LogitsNeed stage_need(StageId id, const SamplingValues& values);

}  // namespace minnow
