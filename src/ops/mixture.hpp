// Mixtures of experts: which experts each token takes, with what weight, and how their outputs add
// up. Shazeer et al., "Outrageously Large Neural Networks" (arXiv 1701.06538).
//
// Tokens are grouped by expert so that an expert's weights are read once for all of them, and only
// the chosen experts are read at all; outputs add up by rank, never by group, so the batch does not
// show in the result. The experts' own products are the caller's.
#pragma once

#include <cstdint>

#include "ops/op_context.hpp"

namespace minnow {

// Memory for batches of n_tokens; views into the session's workspace.
struct MixtureBuffers {
  float* logits = nullptr;            // [n_tokens, n_experts] the router's; overwritten
  std::int32_t* chosen = nullptr;     // [n_tokens, n_used] experts by descending probability
  float* weights = nullptr;           // [n_tokens, n_used]
  std::int32_t* row_of = nullptr;     // [n_tokens, n_used] the choice's row among all rows
  std::int32_t* token_of = nullptr;   // [n_tokens * n_used] the token of each row
  std::int32_t* first_row = nullptr;  // [n_experts + 1] where an expert's rows begin
  float* x = nullptr;                 // [n_tokens, n_embd] one expert's input
  float* out = nullptr;               // [n_tokens * n_used, n_embd] what the experts give
};

struct MixtureStep {
  std::int64_t n_tokens;
  std::int32_t n_experts;
  std::int32_t n_used;  // of each token, at most n_experts
  std::int64_t n_embd;
  bool normalises;  // the chosen weights are divided by their sum
  float scale;      // then multiplied by this
};

// Softmax of `logits` over all experts; each token's n_used best, ties to the lower index; then
// groups the choices: rows [first_row[e], first_row[e + 1]) are expert e's, in ascending order of
// tokens. False when a logit is not finite (the choices are then valid but void).
bool choose_experts(const OpContext& context, const MixtureStep& step,
                    const MixtureBuffers& buffers) noexcept;

// buffers.x [rows of expert, n_embd] = the rows of `input` [n_tokens, n_embd] that the expert
// takes.
void gather_rows(const OpContext& context, const MixtureStep& step, const MixtureBuffers& buffers,
                 std::int32_t expert, const float* input) noexcept;

// out [n_tokens, n_embd] = fma(weight, expert's row, out) by rank, from zero.
void combine_experts(const OpContext& context, const MixtureStep& step,
                     const MixtureBuffers& buffers, float* out) noexcept;

// out [n_tokens, n_embd] += sigmoid(gates[t]) * shared[t, :], with one fma each. Overwrites gates.
void add_gated(const OpContext& context, const MixtureStep& step, float* gates, const float* shared,
               float* out) noexcept;

}  // namespace minnow
