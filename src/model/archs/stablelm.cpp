// StableLM (arXiv 2402.17834): layer norms in a gated model; the 12B one has parallel blocks and a
// norm for each head.
#include "model/archs/arch_list.hpp"

namespace minnow::archs {

const ArchTraits stablelm = {.name = "stablelm",
                             .rope = RopeStyle::kHalves,
                             .norm = NormKind::kLayer,
                             .order = BlockOrder::kByFfnNorm,
                             .head_norm = HeadNorm::kOwn};

}  // namespace minnow::archs
