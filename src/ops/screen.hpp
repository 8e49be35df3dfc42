// Screening of a split output head: the best few logits of one token without reading all of the
// head. The upper plane gives an upper bound for every row (docs/kernels.md, "Screening", has the
// proof); rows that could still be among the best get their logit by the full rule, the others are
// left out by proof. Chosen logits have the bits that the full product gives.
#pragma once

#include <cstdint>
#include <span>

#include "base/arena.hpp"
#include "base/token.hpp"
#include "ops/matmul.hpp"
#include "ops/op_context.hpp"

namespace minnow {

// What is to be found.
struct ScreenRequest {
  std::int64_t n_best = 1;  // the so many best, in the order of logits, ties to the lower id
  float below_best = 0.0f;  // and all within this of the best; 0: only the n_best
  // Tokens that are found in any case and count for neither: somebody will change their logits.
  std::span<const Token> always;
};

// Memory for screening a head of n_rows rows of k elements.
struct ScreenBuffers {
  float* bounds = nullptr;        // [n_rows], the caller's to share
  float* block_best = nullptr;    // [blocks of rows] the largest of their bounds
  float* offsets = nullptr;       // [k / 32]
  float* norms = nullptr;         // [k / 32]
  std::int32_t* seeds = nullptr;  // [kMostSeeds] rows
  float* seed_logits = nullptr;   // [kMostSeeds]
  float* sorted = nullptr;        // [blocks of rows or kMostSeeds]
  Token* found = nullptr;         // [kMostFound]
  float* found_logits = nullptr;  // [kMostFound]
};
inline constexpr std::int64_t kMostSeeds = 2048;
inline constexpr std::int64_t kMostFound = 8192;
inline constexpr std::int64_t kMostBest = 256;  // n_best, at most

// Reserves all but `bounds` on the plan; with an arena, sets the pointers too.
void plan_screen(std::int64_t n_rows, std::int64_t k, ArenaPlan& plan, const Arena* arena,
                 ScreenBuffers& out);

// The head: logit = softcap(scale * (row . x + bias)).
struct ScreenHead {
  WeightMatrix weights;  // is_split
  VectorView bias;       // or none
  float scale = 1.0f;
  float softcap = 0.0f;  // 0: none
};

struct ScreenResult {
  bool decided = false;        // false: only the full product can tell; nothing else is set
  std::int64_t n_found = 0;    // in buffers.found and found_logits, in no order, each token once
  std::int64_t n_refined = 0;  // rows whose exact value was computed
};

// Whether a request can be screened at all, without looking at any row.
bool can_screen(const ScreenHead& head, const ScreenRequest& request);

// x: one token. On cancellation the result is void.
ScreenResult screen(const OpContext& context, const ScreenHead& head, const ActivationRows& x,
                    const ScreenRequest& request, const ScreenBuffers& buffers) noexcept;

// Writes what KernelTable::split_bounds needs of one token's activations: offsets and norms
// [k / 32]. False when a sum could leave the range of floats, whatever the weights.
bool prepare_bounds(const QuantRows& x, std::int64_t k, float* offsets, float* norms) noexcept;

}  // namespace minnow
