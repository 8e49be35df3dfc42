// Encoder: reads a whole text at once, every token seeing every other (Devlin et al., BERT, arXiv
// 1810.04805). The layers are the decoder's: which norms they have, which positions, which window
// is the file's and the row's matter. Keys and values live no longer than a layer takes, so there
// is one layer's memory for all of them, and nothing would be saved by keeping them as float16.
#pragma once

#include <cstdint>
#include <span>

#include "base/arena.hpp"
#include "base/status.hpp"
#include "base/token.hpp"
#include "model/decoder.hpp"
#include "model/kv_cache.hpp"
#include "model/model_config.hpp"
#include "model/model_weights.hpp"
#include "model/workspace.hpp"
#include "ops/op_context.hpp"

namespace minnow {

class Encoder {
 public:
  // Adds what keys and values of n_ctx positions need to the plan.
  static void plan(const ModelConfig& config, std::int64_t n_ctx, ArenaPlan& plan);

  // config and weights: the model's, of which the encoder may be a part. `work` must have room for
  // whole texts; it is the encoder's only while encode() runs. `cursor` stands where plan() began.
  Encoder(const ModelConfig& config, const ModelWeights& weights, Workspace& work,
          const Arena& arena, ArenaPlan& cursor, std::pmr::memory_resource* memory);
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  // Reads up to work.n_batch tokens and leaves each one's state in work.normed [n_tokens, n_embd].
  // Tokens from `second_segment` on are of the second segment, in models that tell segments apart.
  // Fails as Decoder::forward() does.
  Status encode(const OpContext& context, std::span<const Token> tokens,
                std::int64_t second_segment);

 private:
  const ModelConfig config_;
  Workspace& work_;
  KvCache cache_;
  Decoder layers_;
};

}  // namespace minnow
