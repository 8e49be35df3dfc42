// ArchTraits: what neither a file's metadata nor its tensors tell about an architecture. One
// constant row a file in archs/, one line in archs/archs.inc.
#pragma once

#include <cstdint>
#include <string_view>

#include "kernels/api/kernel_table.hpp"

namespace minnow {

enum class NormKind : std::uint8_t { kRms, kLayer };

struct ArchTraits {
  const char* name;  // general.architecture
  RopeStyle rope = RopeStyle::kInterleaved;
  NormKind norm = NormKind::kRms;
  Activation activation = Activation::kSilu;
  bool scales_embedding = false;  // embeddings times sqrt(n_embd)
  bool parallel_block = false;    // attention and feed-forward read the same norm and add up
  // With a sliding window: every n-th layer (the last of each n) sees everything; 0: no layer does.
  std::int32_t full_attention_every = 0;
  float window_rope_base =
      0.0f;  // rope base of windowed layers when the file names none; 0: the same
};

// NULL when minnow does not know the architecture.
const ArchTraits* find_arch(std::string_view name);

// "gemma3, llama, qwen2", for messages.
const char* known_archs();

}  // namespace minnow
