#include "ops/mixture.hpp"

#include <atomic>
#include <cstring>

namespace minnow {

namespace {

// Few experts are chosen of few, so looking for the best one n_used times is cheap enough.
// Overwrites the probabilities of the chosen ones.
void choose_best(const MixtureStep& step, float* probabilities, std::int32_t* chosen,
                 float* weights) noexcept {
  constexpr float kTaken = -1.0f;
  float sum = 0.0f;
  for (std::int32_t rank = 0; rank < step.n_used; ++rank) {
    std::int32_t best = 0;
    for (std::int32_t e = 1; e < step.n_experts; ++e)
      if (probabilities[e] > probabilities[best]) best = e;
    chosen[rank] = best;
    weights[rank] = probabilities[best];
    sum += probabilities[best];
    probabilities[best] = kTaken;
  }
  for (std::int32_t rank = 0; rank < step.n_used; ++rank) {
    if (step.normalises) weights[rank] /= sum;
    if (step.scale != 1.0f) weights[rank] *= step.scale;
  }
}

// Counts, then places: tokens ascend within an expert.
void group_by_expert(const MixtureStep& step, const MixtureBuffers& buffers) noexcept {
  const std::int64_t n_choices = step.n_tokens * step.n_used;
  std::int32_t* const first = buffers.first_row;
  std::memset(first, 0, static_cast<std::size_t>(step.n_experts + 1) * sizeof(*first));
  for (std::int64_t i = 0; i < n_choices; ++i) ++first[buffers.chosen[i] + 1];
  for (std::int32_t e = 0; e < step.n_experts; ++e) first[e + 1] += first[e];
  for (std::int64_t i = 0; i < n_choices; ++i) {
    const std::int32_t row = first[buffers.chosen[i]]++;
    buffers.row_of[i] = row;
    buffers.token_of[row] = static_cast<std::int32_t>(i / step.n_used);
  }
  // Each entry has moved on to the next expert's first row.
  for (std::int32_t e = step.n_experts; e > 0; --e) first[e] = first[e - 1];
  first[0] = 0;
}

}  // namespace

bool choose_experts(const OpContext& context, const MixtureStep& step,
                    const MixtureBuffers& buffers) noexcept {
  std::atomic<bool> finite{true};
  for_each_token(context, step.n_tokens, [&](std::int64_t t) {
    float* const row = buffers.logits + t * step.n_experts;
    if (!context.table->all_finite(row, step.n_experts)) {
      finite.store(false);
      for (std::int32_t e = 0; e < step.n_experts; ++e) row[e] = 0.0f;
    }
    context.table->softmax(row, step.n_experts);
    choose_best(step, row, buffers.chosen + t * step.n_used, buffers.weights + t * step.n_used);
  });
  group_by_expert(step, buffers);
  return finite.load();
}

void gather_rows(const OpContext& context, const MixtureStep& step, const MixtureBuffers& buffers,
                 std::int32_t expert, const float* input) noexcept {
  const std::int32_t first = buffers.first_row[expert];
  const auto n_bytes = static_cast<std::size_t>(step.n_embd) * sizeof(float);
  for_each_token(context, buffers.first_row[expert + 1] - first, [&](std::int64_t row) {
    std::memcpy(buffers.x + row * step.n_embd, input + buffers.token_of[first + row] * step.n_embd,
                n_bytes);
  });
}

void combine_experts(const OpContext& context, const MixtureStep& step,
                     const MixtureBuffers& buffers, float* out) noexcept {
  for_each_token(context, step.n_tokens, [&](std::int64_t t) {
    float* const y = out + t * step.n_embd;
    std::memset(y, 0, static_cast<std::size_t>(step.n_embd) * sizeof(float));
    for (std::int64_t i = t * step.n_used; i < (t + 1) * step.n_used; ++i)
      context.table->multiply_add(buffers.out + buffers.row_of[i] * step.n_embd, buffers.weights[i],
                                  step.n_embd, y);
  });
}

void add_gated(const OpContext& context, const MixtureStep& step, float* gates, const float* shared,
               float* out) noexcept {
  for_each_token(context, step.n_tokens, [&](std::int64_t t) {
    // The first probability of two logits (g, 0) is sigmoid(g).
    float pair[2] = {gates[t], 0.0f};
    context.table->softmax(pair, 2);
    gates[t] = pair[0];
    context.table->multiply_add(shared + t * step.n_embd, gates[t], step.n_embd,
                                out + t * step.n_embd);
  });
}

}  // namespace minnow
