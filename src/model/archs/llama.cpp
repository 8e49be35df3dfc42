// Llama 1, 2, 3 and all that follow them: Mistral, Vicuna, Orca, SmolLM, and with experts Mixtral.
// Touvron et al., "LLaMA" (arXiv 2302.13971). The files hold Q and K permuted for rotation of
// neighbouring elements.
#include "model/archs/arch_list.hpp"

namespace minnow::archs {

const ArchTraits llama = {.name = "llama", .rope = RopeStyle::kInterleaved};

}  // namespace minnow::archs
