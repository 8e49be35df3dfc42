// ModelWeights: every tensor of a model by the name that the decoder uses. Views into the model's
// arena (and, for an untied token embedding, into the mapped file). What a model does not have is
// empty.
#pragma once

#include <cstdint>
#include <memory>
#include <memory_resource>
#include <vector>

#include "tensor/weight_matrix.hpp"

namespace minnow {

struct LayerWeights {
  VectorView attn_norm;         // [n_embd]
  VectorView attn_norm_bias;    // [n_embd]
  WeightMatrix attn_q;          // [q_size, n_embd]
  WeightMatrix attn_k;          // [k_size, n_embd]
  WeightMatrix attn_v;          // [v_size, n_embd]
  VectorView attn_q_bias;       // [q_size]
  VectorView attn_k_bias;       // [k_size]
  VectorView attn_v_bias;       // [v_size]
  VectorView attn_q_norm;       // [head_dim] or [n_heads * head_dim]
  VectorView attn_k_norm;       // [head_dim] or [n_kv_heads * head_dim]
  WeightMatrix attn_output;     // [n_embd, attended_size]
  VectorView attn_output_bias;  // [n_embd]
  VectorView attn_post_norm;    // [n_embd], on the block's output
  VectorView ffn_norm;          // [n_embd]
  VectorView ffn_norm_bias;     // [n_embd]
  WeightMatrix ffn_gate;        // [n_ff, n_embd]
  WeightMatrix ffn_up;          // [n_ff, n_embd]
  WeightMatrix ffn_down;        // [n_embd, n_ff]
  VectorView ffn_gate_bias;     // [n_ff]
  VectorView ffn_up_bias;       // [n_ff]
  VectorView ffn_down_bias;     // [n_embd]
  VectorView ffn_post_norm;     // [n_embd]

  // Of models that norm the sum of a block and its input.
  VectorView attn_sum_norm;       // [n_embd]
  VectorView attn_sum_norm_bias;  // [n_embd]
  VectorView ffn_sum_norm;        // [n_embd]
  VectorView ffn_sum_norm_bias;   // [n_embd]

  VectorView relative_bias;  // [n_relative_buckets, n_heads]

  // A decoder's look at what its encoder gives.
  VectorView cross_norm;      // [n_embd]
  WeightMatrix cross_q;       // [q_size, n_embd]
  WeightMatrix cross_k;       // [k_size, n_embd]
  WeightMatrix cross_v;       // [v_size, n_embd]
  WeightMatrix cross_output;  // [n_embd, attended_size]

  // A mixture of experts in place of gate, up and down.
  WeightMatrix router;         // [n_experts, n_embd]
  WeightMatrix expert_gate;    // n_experts times [n_ff_expert, n_embd], see expert_of()
  WeightMatrix expert_up;      // n_experts times [n_ff_expert, n_embd]
  WeightMatrix expert_down;    // n_experts times [n_embd, n_ff_expert]
  WeightMatrix last_expert;    // where a file has a tensor for each expert: behind the others
  WeightMatrix shared_router;  // [1, n_embd]
  WeightMatrix shared_gate;    // [n_ff_shared, n_embd]
  WeightMatrix shared_up;      // [n_ff_shared, n_embd]
  WeightMatrix shared_down;    // [n_embd, n_ff_shared]
};

// One expert's matrix: `experts` is the first of several of the same shape, each stored as a matrix
// of its own.
inline WeightMatrix expert_of(WeightMatrix experts, std::int64_t expert) {
  experts.data += expert * bytes_of(experts);
  return experts;
}

struct ModelWeights {
  explicit ModelWeights(std::pmr::memory_resource* memory) : layers(memory) {}

  EmbeddingTable tokens;  // [n_vocab, n_embd]
  std::pmr::vector<LayerWeights> layers;
  VectorView positions;       // [n_ctx_train * n_embd], added to the token's embedding
  VectorView token_types;     // [n_token_types * n_embd], added as well
  VectorView embedding_norm;  // [n_embd], on the sum of all of these
  VectorView embedding_norm_bias;
  VectorView rope_factors;        // [n_rot / 2], what each rope frequency is divided by
  VectorView rope_factors_short;  // [n_rot / 2], in contexts of up to n_ctx_short
  VectorView rope_factors_long;   // [n_rot / 2], in longer ones
  VectorView output_norm;         // [n_embd]
  VectorView output_norm_bias;    // [n_embd]
  WeightMatrix output;            // [n_vocab, n_embd]; the packed token embedding when tied
  VectorView output_bias;         // [n_vocab]

  std::unique_ptr<ModelWeights> encoder;  // of a decoder that has one: layers and output norm

  // Behind pooling.
  WeightMatrix dense_2;        // [n_dense_hidden, n_embd]
  WeightMatrix dense_3;        // [n_dense_out, n_dense_hidden]
  WeightMatrix classifier;     // [n_embd, n_embd], with tanh behind it
  VectorView classifier_bias;  // [n_embd]
  WeightMatrix labels;         // [n_labels, n_embd]
  VectorView labels_bias;      // [n_labels]
};

}  // namespace minnow
