#include "model/workspace.hpp"

#include <algorithm>

#include "ops/attend.hpp"
#include "ops/matmul.hpp"
#include "ops/relative_positions.hpp"

namespace minnow {

namespace {

class Layout {
 public:
  Layout(ArenaPlan& plan, const Arena* arena) : plan_(plan), arena_(arena) {}

  template <class T>
  void array(std::int64_t n_rows, std::int64_t n_columns, T*& out) {
    std::size_t n_elements = 0;
    // Both factors are checked hyper-parameters or caller's limits, each below 2^31.
    n_elements = static_cast<std::size_t>(n_rows) * static_cast<std::size_t>(n_columns);
    const std::size_t offset = plan_.reserve_array<T>(n_elements);
    if (arena_ != nullptr) out = arena_->array<T>(offset);
  }

  void quantised(std::int64_t n_tokens, std::int64_t most_k, int x_group, QuantBuffers& out) {
    array(n_tokens, codes_stride(most_k), out.codes);
    array(n_tokens, (most_k + x_group - 1) / x_group, out.scales);
    array(n_tokens, most_k / 16 + 2, out.sums);
  }

 private:
  ArenaPlan& plan_;
  const Arena* arena_;
};

void plan_mixture(const ModelConfig& config, std::int64_t n, Layout& layout, MixtureBuffers& out) {
  const std::int64_t n_choices = n * config.n_experts_used;
  layout.array(n, config.n_experts, out.logits);
  layout.array(n_choices, 1, out.chosen);
  layout.array(n_choices, 1, out.weights);
  layout.array(n_choices, 1, out.row_of);
  layout.array(n_choices, 1, out.token_of);
  layout.array(config.n_experts + 1, 1, out.first_row);
  layout.array(n, config.n_embd, out.x);
  layout.array(n_choices, config.n_embd, out.out);
}

void plan_relative_bias(const ModelConfig& config, std::int64_t n_ctx, Layout& layout,
                        Workspace& out) {
  if (config.n_relative_buckets == 0) return;
  const auto plan = [&](const ModelConfig& stack, float*& target) {
    layout.array(stack.layers_own_buckets ? stack.n_layers : 1,
                 relative_bias_size(n_ctx, stack.n_heads), target);
  };
  if (config.causal) plan(config, out.relative_bias);
  if (config.has_encoder()) plan(config.encoder(), out.encoder_relative_bias);
}

}  // namespace

void plan_workspace(const ModelConfig& config, const KernelTable& table,
                    const WorkspaceShape& shape, ArenaPlan& plan, const Arena* arena,
                    Workspace& out) {
  Layout layout(plan, arena);
  const std::int64_t n = shape.n_batch;
  const std::int64_t most_input = std::max(
      {std::int64_t{config.n_embd}, config.attended_size(), std::int64_t{config.n_dense_hidden}});
  const std::int64_t most_k = std::max(most_input, std::int64_t{config.most_ff()});
  layout.array(n, config.n_embd, out.x);
  layout.array(n, config.n_embd, out.normed);
  layout.array(n, config.n_embd, out.block_out);
  layout.quantised(n, most_input, 32, out.per_32);
  layout.quantised(n, most_input, 128, out.per_128);
  // Attention is over when the feed-forward block of a layer begins, and that when the next layer
  // does.
  ArenaPlan beside = plan;
  layout.array(n, config.q_size(), out.q);
  layout.array(n, config.k_size(), out.k);
  layout.array(n, config.v_size(), out.v);
  layout.array(n, config.attended_size(), out.attended);
  Layout layout_beside(beside, arena);
  layout_beside.quantised(n, config.most_ff(), 32, out.hidden_codes);
  layout_beside.array(n, config.most_ff(), out.hidden);
  plan.share_with(beside);
  if (config.n_experts > 0) plan_mixture(config, n, layout, out.mixture);
  const std::int64_t half_rot = config.n_rot / 2;
  layout.array(n, half_rot, out.cos);
  layout.array(n, half_rot, out.sin);
  layout.array(n, half_rot, out.window_cos);
  layout.array(n, half_rot, out.window_sin);
  layout.array(1, half_rot, out.frequencies);
  layout.array(1, half_rot, out.window_frequencies);
  layout.array(1, attention_partials(shape.n_ctx, config.n_heads, config.value_dim), out.partials);
  plan_relative_bias(config, shape.n_ctx, layout, out);
  if (config.has_head) layout.array(shape.n_logits, config.n_vocab, out.logits);
  if (shape.has_split_head) {
    plan_screen(config.n_vocab, config.n_embd, plan, arena, out.screen);
    out.screen.bounds = out.logits;
  }
  const std::size_t scratch = std::max(matmul_scratch_bytes(table, n, most_k),
                                       attention_scratch_bytes(table, config.value_dim));
  out.scratch_stride = (scratch + 4095) / 4096 * 4096;
  layout.array(shape.n_threads, static_cast<std::int64_t>(out.scratch_stride), out.scratch);
  out.n_ctx = shape.n_ctx;
  out.n_batch = shape.n_batch;
  out.n_logits = shape.n_logits;
}

}  // namespace minnow
