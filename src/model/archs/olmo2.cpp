// OLMo 2 and 3 (arXiv 2501.00656): norms on what the blocks give, and on whole rows of Q and K.
#include "model/archs/arch_list.hpp"

namespace minnow::archs {

const ArchTraits olmo2 = {.name = "olmo2",
                          .rope = RopeStyle::kHalves,
                          .norm_place = NormPlace::kAfter,
                          .head_norm = HeadNorm::kWholeRow,
                          .full_attention_every = 4,
                          .scales_window_rope = false};

}  // namespace minnow::archs
