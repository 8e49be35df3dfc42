// GPT-2 (Radford et al., "Language Models are Unsupervised Multitask Learners", 2019): learned
// positions instead of rotated ones.
#include "model/archs/arch_list.hpp"

namespace minnow::archs {

const ArchTraits gpt2 = {.name = "gpt2",
                         .rope = RopeStyle::kNone,
                         .norm = NormKind::kLayer,
                         .feed_forward = FeedForward::kPlain,
                         .activation = Activation::kGeluTanh,
                         .learned_positions = true};

}  // namespace minnow::archs
