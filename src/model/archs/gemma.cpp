// Gemma 1 and CodeGemma (arXiv 2403.08295).
#include "model/archs/arch_list.hpp"

namespace minnow::archs {

const ArchTraits gemma = {.name = "gemma",
                          .rope = RopeStyle::kHalves,
                          .activation = Activation::kGeluTanh,
                          .scales_embedding = true};

}  // namespace minnow::archs
