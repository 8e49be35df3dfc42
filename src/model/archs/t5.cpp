// T5 (arXiv 1910.10683), and its version 1.1 with gates: Flan-T5, mT5, Mengzi-T5.
#include "model/archs/arch_list.hpp"

namespace minnow::archs {

const ArchTraits t5 = {.name = "t5",
                       .rope = RopeStyle::kNone,
                       .feed_forward = FeedForward::kByGate,
                       .activation = Activation::kGeluTanh,
                       .activation_without_gate = Activation::kRelu,
                       .stacks = Stacks::kEncoderDecoder,
                       .decoder_prefix = "dec.",
                       .encoder_prefix = "enc.",
                       .relative_positions = true,
                       .scales_scores = false};

}  // namespace minnow::archs
