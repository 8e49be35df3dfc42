// Workspace: every buffer that a forward pass writes, planned before and taken once. The token loop
// allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/arena.hpp"
#include "kernels/api/kernel_table.hpp"
#include "model/model_config.hpp"
#include "ops/activation_rows.hpp"
#include "ops/mixture.hpp"
#include "ops/screen.hpp"

namespace minnow {

struct Workspace {
  std::int64_t n_ctx = 0;      // positions of the session
  std::int64_t n_batch = 0;    // most tokens of one pass
  float* x = nullptr;          // [n_batch, n_embd] the residual stream
  float* normed = nullptr;     // [n_batch, n_embd]
  float* q = nullptr;          // [n_batch, q_size]
  float* k = nullptr;          // [n_batch, k_size]
  float* v = nullptr;          // [n_batch, v_size]
  float* attended = nullptr;   // [n_batch, attended_size]
  float* hidden = nullptr;     // [n_batch, most_ff]
  float* block_out = nullptr;  // [n_batch, n_embd] what a block adds to x
  QuantBuffers per_32{};       // the widest input of any product but those of `hidden`
  QuantBuffers per_128{};
  QuantBuffers hidden_codes{};  // of `hidden`, whatever its form
  MixtureBuffers mixture;
  float* cos = nullptr;  // [n_batch, n_rot / 2] of layers without a window
  float* sin = nullptr;
  float* window_cos = nullptr;  // [n_batch, n_rot / 2] of layers with one
  float* window_sin = nullptr;
  float* frequencies = nullptr;         // [n_rot / 2]
  float* window_frequencies = nullptr;  // [n_rot / 2]
  float* partials = nullptr;            // attention_partials()
  float* relative_bias = nullptr;       // [layers of their own buckets, relative_bias_size()]
  float* encoder_relative_bias = nullptr;
  float* logits = nullptr;       // [n_logits, n_vocab]
  std::int64_t n_logits = 0;     // rows of logits computed together
  ScreenBuffers screen;          // of a split head; its bounds are the first row of logits
  std::byte* scratch = nullptr;  // [n_threads][scratch_stride]
  std::size_t scratch_stride = 0;
};

struct WorkspaceShape {
  std::int64_t n_ctx = 0;
  std::int64_t n_batch = 0;
  std::int64_t n_logits = 1;
  int n_threads = 1;
  bool has_split_head = false;
};

// Reserves every buffer on `plan`. With an arena, also sets the pointers: called once to estimate
// and once, with the same arguments, to lay out.
void plan_workspace(const ModelConfig& config, const KernelTable& table,
                    const WorkspaceShape& shape, ArenaPlan& plan, const Arena* arena,
                    Workspace& out);

}  // namespace minnow
