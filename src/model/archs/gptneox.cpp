// GPT-NeoX and Pythia (arXiv 2204.06745, 2304.01373): both blocks read x, each through its own
// norm, unless the file says that they follow each other.
#include "model/archs/arch_list.hpp"

namespace minnow::archs {

const ArchTraits gptneox = {.name = "gptneox",
                            .rope = RopeStyle::kHalves,
                            .norm = NormKind::kLayer,
                            .order = BlockOrder::kByMetadata,
                            .feed_forward = FeedForward::kPlain,
                            .activation = Activation::kGeluErf};

}  // namespace minnow::archs
