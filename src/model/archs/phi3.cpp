// Phi-3, 3.5 and 4-mini (arXiv 2404.14219, 2503.01743): gate and up in one matrix; rope factors for
// short and long contexts (which the tensors tell).
#include "model/archs/arch_list.hpp"

namespace minnow::archs {

const ArchTraits phi3 = {
    .name = "phi3", .rope = RopeStyle::kHalves, .feed_forward = FeedForward::kFusedGated};

}  // namespace minnow::archs
