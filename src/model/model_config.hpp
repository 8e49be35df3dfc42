// ModelConfig: a model's hyper-parameters, read from the file's metadata and checked once.
// Everything below trusts these numbers.
#pragma once

#include <algorithm>
#include <bitset>
#include <cstdint>
#include <string_view>

#include "base/status.hpp"
#include "io/gguf.hpp"
#include "model/arch_traits.hpp"
#include "ops/rope_table.hpp"

namespace minnow {

// Limits far above every real small model; a file beyond them is damaged or not for minnow.
inline constexpr std::int32_t kMaxLayers = 1024;
inline constexpr std::int32_t kMaxEmbd = 1 << 16;
inline constexpr std::int32_t kMaxFeedForward = 1 << 18;
inline constexpr std::int32_t kMaxHeads = 1024;
inline constexpr std::int32_t kMaxHeadDim = 1024;
inline constexpr std::int32_t kMaxVocab = 1 << 21;
inline constexpr std::int32_t kMaxExperts = 1024;
inline constexpr std::int32_t kMaxExpertsUsed = 64;
inline constexpr std::int64_t kMaxContext = 1 << 24;
inline constexpr std::int32_t kMaxTokenTypes = 64;
inline constexpr std::int32_t kMaxLabels = 4096;

// How the states of a text's tokens become one vector. Values as files write them.
enum class Pooling : std::uint8_t {
  kNone = 0,  // they do not: one vector a token
  kMean = 1,
  kCls = 2,   // the first token's
  kLast = 3,  // the last token's
  kRank = 4   // the first or last token's, through the file's classifier
};

struct ModelConfig {
  const ArchTraits* arch = nullptr;
  std::int32_t n_layers = 0;
  std::int32_t n_embd = 0;
  std::int32_t n_vocab = 0;  // rows of the token embedding
  std::int32_t n_heads = 0;
  std::int32_t n_kv_heads = 0;  // divides n_heads
  std::int32_t head_dim = 0;    // of queries and keys
  std::int32_t value_dim = 0;
  std::int32_t n_ff = 0;
  std::int64_t n_ctx_train = 0;
  float norm_eps = 0.0f;
  FeedForward feed_forward = FeedForward::kGated;  // never kByGate
  Activation activation = Activation::kSilu;
  bool parallel_block = false;  // attention and feed-forward read the same x and add up

  std::int32_t n_experts = 0;       // 0: no mixture
  std::int32_t n_experts_used = 0;  // of each token
  std::int32_t n_ff_expert = 0;
  std::int32_t n_ff_shared = 0;  // of the expert that every token takes; 0: there is none
  bool normalises_experts = true;
  float expert_scale = 1.0f;  // on the experts' weights

  bool causal = true;  // tokens see what is before them; otherwise the whole text
  bool has_head = true;
  std::int32_t n_encoder_layers = 0;    // of the encoder in front of the decoder; 0: there is none
  std::int64_t decoder_start = 0;       // the token that every answer of such a model begins with
  Pooling pooling = Pooling::kMean;     // what the file asks for, or what is usual
  std::int32_t n_token_types = 0;       // kinds of segments; 0: the model knows none
  std::int32_t n_relative_buckets = 0;  // of distances between tokens; 0: there are none
  bool layers_own_buckets = false;      // otherwise all use those of the first layer
  std::int32_t n_labels = 0;            // of the classifier; 0: there is none
  std::int32_t n_dense_hidden = 0;      // of the two layers behind pooling; 0: there are none
  std::int32_t n_dense_out = 0;

  std::int32_t n_rot = 0;  // rotated elements of a head, even; 0: positions are not rotated
  float rope_base = 10000.0f;
  RopeScaling rope_scaling;
  float window_rope_base = 10000.0f;  // of layers with a window
  RopeScaling window_rope_scaling;
  // Of two sets of rope factors, sessions for more positions than this take the one for long ones.
  std::int64_t n_ctx_short = 0;

  std::int64_t window = 0;              // 0: every layer sees everything
  std::bitset<kMaxLayers> is_windowed;  // which layers see no further than the window
  float attention_scale = 0.0f;         // on the dot products
  float attention_softcap = 0.0f;
  float final_softcap = 0.0f;
  float embedding_scale = 1.0f;
  float logit_scale = 1.0f;

  bool has_window(std::int32_t layer) const {
    return window > 0 && is_windowed[static_cast<std::size_t>(layer)];
  }
  RopeStyle rope_of(std::int32_t layer) const {
    const std::int32_t every = arch->no_rope_every;
    return every > 0 && layer % every == every - 1 ? RopeStyle::kNone : arch->rope;
  }
  // Elements of an embedding.
  std::int32_t embedding_size(Pooling kind) const {
    if (kind == Pooling::kRank) return n_labels;
    return kind != Pooling::kNone && n_dense_out > 0 ? n_dense_out : n_embd;
  }
  bool has_encoder() const { return !causal || n_encoder_layers > 0; }
  // The encoder of a model that has a decoder as well; the model itself when it is one.
  ModelConfig encoder() const;
  // Before "blk.0." and "output_norm" in the names of tensors.
  const char* prefix() const {
    return arch->stacks != Stacks::kDecoder && !causal ? arch->encoder_prefix
                                                       : arch->decoder_prefix;
  }
  // The widest hidden layer of a feed-forward.
  std::int32_t most_ff() const { return n_experts > 0 ? std::max(n_ff_expert, n_ff_shared) : n_ff; }
  // Elements of a token's row.
  std::int64_t q_size() const { return std::int64_t{n_heads} * head_dim; }
  std::int64_t k_size() const { return std::int64_t{n_kv_heads} * head_dim; }
  std::int64_t v_size() const { return std::int64_t{n_kv_heads} * value_dim; }
  std::int64_t attended_size() const { return std::int64_t{n_heads} * value_dim; }
};

// One message names all that is missing or out of range.
Status read_model_config(const Gguf& gguf, ModelConfig& out);

}  // namespace minnow
