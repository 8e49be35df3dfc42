// Gemma 3 (arXiv 2503.19786), text part: five windowed layers for each full one, with a rope base
// of their own; norms before and after each block; Q and K norms. As in Gemma 2, the 27B model's
// files do not name its scale of the scores.
#include "model/archs/arch_list.hpp"

namespace minnow::archs {

const ArchTraits gemma3 = {.name = "gemma3",
                           .rope = RopeStyle::kHalves,
                           .norm_place = NormPlace::kBoth,
                           .head_norm = HeadNorm::kShared,
                           .activation = Activation::kGeluTanh,
                           .scales_embedding = true,
                           .full_attention_every = 6,
                           .window_rope_base = 10000.0f,
                           .scales_window_rope = false,
                           .embd_scale_layers = 62};

}  // namespace minnow::archs
