// ModelConfig: a model's hyper-parameters, read from the file's metadata and checked once.
// Everything below trusts these numbers.
#pragma once

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
inline constexpr std::int64_t kMaxContext = 1 << 24;

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

  std::int32_t n_rot = 0;  // rotated elements of a head, even
  float rope_base = 10000.0f;
  float window_rope_base = 10000.0f;  // of layers with a window
  RopeScaling rope_scaling;

  std::int64_t window = 0;       // 0: every layer sees everything
  float attention_scale = 0.0f;  // on the dot products
  float attention_softcap = 0.0f;
  float final_softcap = 0.0f;
  float embedding_scale = 1.0f;
  float logit_scale = 1.0f;

  bool has_window(std::int32_t layer) const {
    const std::int32_t every = arch->full_attention_every;
    return window > 0 && (every == 0 || layer % every != every - 1);
  }
  // Elements of a token's row.
  std::int64_t q_size() const { return std::int64_t{n_heads} * head_dim; }
  std::int64_t k_size() const { return std::int64_t{n_kv_heads} * head_dim; }
  std::int64_t v_size() const { return std::int64_t{n_kv_heads} * value_dim; }
  std::int64_t attended_size() const { return std::int64_t{n_heads} * value_dim; }
};

// One message names all that is missing or out of range.
Status read_model_config(const Gguf& gguf, ModelConfig& out);

}  // namespace minnow
