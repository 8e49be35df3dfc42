// Nomic Embed (arXiv 2402.01613): BERT with rotary positions and a gated feed-forward.
#include "model/archs/arch_list.hpp"

namespace minnow::archs {

const ArchTraits nomic_bert = {.name = "nomic-bert",
                               .rope = RopeStyle::kHalves,
                               .norm = NormKind::kLayer,
                               .norm_place = NormPlace::kSum,
                               .stacks = Stacks::kEncoder};

}  // namespace minnow::archs
