// Phi-1, 1.5 and 2 (arXiv 2306.11644, 2309.05463): both blocks on one norm.
#include "model/archs/arch_list.hpp"

namespace minnow::archs {

const ArchTraits phi2 = {.name = "phi2",
                         .rope = RopeStyle::kHalves,
                         .norm = NormKind::kLayer,
                         .order = BlockOrder::kParallel,
                         .feed_forward = FeedForward::kPlain,
                         .activation = Activation::kGeluTanh};

}  // namespace minnow::archs
