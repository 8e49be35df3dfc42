// Falcon (arXiv 2311.16867): both blocks on one norm (7B), or each on its own (40B), which the
// tensors tell.
#include "model/archs/arch_list.hpp"

namespace minnow::archs {

const ArchTraits falcon = {.name = "falcon",
                           .rope = RopeStyle::kHalves,
                           .norm = NormKind::kLayer,
                           .order = BlockOrder::kParallel,
                           .feed_forward = FeedForward::kPlain,
                           .activation = Activation::kGeluErf};

}  // namespace minnow::archs
