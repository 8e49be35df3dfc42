// EmbeddingGemma (arXiv 2509.20354): Gemma 3's layers, looking both ways; pooling and two layers
// behind it are the file's.
#include "model/archs/arch_list.hpp"

namespace minnow::archs {

const ArchTraits gemma_embedding = {.name = "gemma-embedding",
                                    .rope = RopeStyle::kHalves,
                                    .norm_place = NormPlace::kBoth,
                                    .head_norm = HeadNorm::kShared,
                                    .activation = Activation::kGeluTanh,
                                    .stacks = Stacks::kEncoder,
                                    .scales_embedding = true,
                                    .full_attention_every = 6,
                                    .window_rope_base = 10000.0f,
                                    .scales_window_rope = false};

}  // namespace minnow::archs
