// BERT (arXiv 1810.04805), RoBERTa and XLM-R (1907.11692, 1911.02116), and the embedding models
// made from them (E5, BGE, MiniLM): learned positions, segments, norms on the sums. Files of
// RoBERTa leave out the positions before its first one, so position 0 is the first row in all of
// them.
#include "model/archs/arch_list.hpp"

namespace minnow::archs {

const ArchTraits bert = {.name = "bert",
                         .rope = RopeStyle::kNone,
                         .norm = NormKind::kLayer,
                         .norm_place = NormPlace::kSum,
                         .feed_forward = FeedForward::kPlain,
                         .activation = Activation::kGeluErf,
                         .stacks = Stacks::kEncoder,
                         .learned_positions = true};

}  // namespace minnow::archs
