// SmolLM3 (Hugging Face, 2025): every fourth layer without positions (arXiv 2501.18795).
#include "model/archs/arch_list.hpp"

namespace minnow::archs {

const ArchTraits smollm3 = {.name = "smollm3", .rope = RopeStyle::kInterleaved, .no_rope_every = 4};

}  // namespace minnow::archs
