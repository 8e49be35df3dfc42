// ArchTraits: what neither a file's metadata nor its tensors tell about an architecture. One
// constant row a file in archs/, one line in archs/archs.inc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kernels/api/kernel_table.hpp"

namespace minnow {

enum class NormKind : std::uint8_t { kRms, kLayer };

// Which stacks of layers a file holds. kEncoder: tokens see the whole text, and there is no output
// head. kEncoderDecoder: such a stack, and a decoder whose layers look at what it gives.
enum class Stacks : std::uint8_t { kDecoder, kEncoder, kEncoderDecoder };

// Where a block's norms are: on its input, on its output, on both, or on the sum of the two. The
// last kind ends with such a norm and has none before its head.
enum class NormPlace : std::uint8_t { kBefore, kAfter, kBoth, kSum };

// Whether the feed-forward reads what attention added, or both read the same x and add up.
enum class BlockOrder : std::uint8_t {
  kSequential,
  kParallel,
  kByMetadata,  // the file's use_parallel_residual
  kByFfnNorm,   // parallel, on attention's norm, when the file has no ffn_norm
};

// Norms of queries and keys, of the kind that the blocks have.
enum class HeadNorm : std::uint8_t {
  kOptional,  // one weight [head_dim] for all heads, when the file has it
  kShared,    // the same, required
  kWholeRow,  // all heads of a token together, weight [n_heads * head_dim]
  kOwn,       // a weight [head_dim] for each head, when the file has them
};

enum class FeedForward : std::uint8_t {
  kGated,       // act(W_gate x) * W_up x
  kFusedGated,  // the same; ffn_up holds W_gate's rows and then W_up's
  kPlain,       // act(W_up x)
  kByGate,      // gated when the file has ffn_gate, otherwise plain, with an activation of its own
};

struct ArchTraits {
  const char* name;  // general.architecture
  RopeStyle rope = RopeStyle::kInterleaved;
  NormKind norm = NormKind::kRms;
  NormPlace norm_place = NormPlace::kBefore;
  BlockOrder order = BlockOrder::kSequential;
  HeadNorm head_norm = HeadNorm::kOptional;
  FeedForward feed_forward = FeedForward::kGated;
  Activation activation = Activation::kSilu;
  Activation activation_without_gate = Activation::kSilu;  // of kByGate
  Stacks stacks = Stacks::kDecoder;
  const char* decoder_prefix = "";  // of the names of a stack's tensors
  const char* encoder_prefix = "";  // of kEncoder and kEncoderDecoder
  bool relative_positions = false;  // buckets of distances, attn_rel_b, in place of positions
  bool scales_scores = true;        // scores are divided by sqrt(head_dim)
  bool learned_positions = false;   // position_embd is added to the token's embedding
  bool scales_embedding = false;    // embeddings times sqrt(n_embd)
  // Mixtures of experts: any architecture with expert_count in its file is one.
  bool needs_experts = false;      // refuse files without expert_count
  bool shared_expert = false;      // one expert that every token takes, behind a gate of its own
  bool normalises_experts = true;  // the chosen experts' weights add up to one
  // With a sliding window: every n-th layer (the last of each n) sees everything; 0: no layer does.
  std::int32_t full_attention_every = 0;
  std::int32_t no_rope_every = 0;  // every n-th layer does not rotate; 0: all do
  // Rope of windowed layers when the file does not tell: their base (0: as the others), and whether
  // the file's scaling applies to them.
  float window_rope_base = 0.0f;
  bool scales_window_rope = true;
  // Models with this many layers divide scores by sqrt(n_embd / n_heads), which their files do not
  // say; 0: none does.
  std::int32_t embd_scale_layers = 0;
};

// NULL when minnow does not know the architecture.
const ArchTraits* find_arch(std::string_view name);

// "gemma3, llama, qwen2", for messages.
std::string known_archs();

}  // namespace minnow
