// Gemma 2 (arXiv 2408.00118): norms before and after each block, every second layer windowed, soft
// caps (which the file tells). The 27B model's files do not name its scale of the scores.
#include "model/archs/arch_list.hpp"

namespace minnow::archs {

const ArchTraits gemma2 = {.name = "gemma2",
                           .rope = RopeStyle::kHalves,
                           .norm_place = NormPlace::kBoth,
                           .activation = Activation::kGeluTanh,
                           .scales_embedding = true,
                           .full_attention_every = 2,
                           .embd_scale_layers = 46};

}  // namespace minnow::archs
