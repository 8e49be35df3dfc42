// StarCoder 2 (arXiv 2402.19173).
#include "model/archs/arch_list.hpp"

namespace minnow::archs {

const ArchTraits starcoder2 = {.name = "starcoder2",
                               .rope = RopeStyle::kHalves,
                               .norm = NormKind::kLayer,
                               .feed_forward = FeedForward::kPlain,
                               .activation = Activation::kGeluTanh};

}  // namespace minnow::archs
