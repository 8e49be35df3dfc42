// The encoder of T5 by itself (arXiv 2108.08877 embeds sentences with it).
#include "model/archs/arch_list.hpp"

namespace minnow::archs {

const ArchTraits t5encoder = {.name = "t5encoder",
                              .rope = RopeStyle::kNone,
                              .feed_forward = FeedForward::kByGate,
                              .activation = Activation::kGeluTanh,
                              .activation_without_gate = Activation::kRelu,
                              .stacks = Stacks::kEncoder,
                              .encoder_prefix = "enc.",
                              .relative_positions = true,
                              .scales_scores = false};

}  // namespace minnow::archs
