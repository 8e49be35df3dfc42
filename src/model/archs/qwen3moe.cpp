// Qwen 3 with experts (arXiv 2505.09388).
#include "model/archs/arch_list.hpp"

namespace minnow::archs {

const ArchTraits qwen3moe = {.name = "qwen3moe",
                             .rope = RopeStyle::kHalves,
                             .head_norm = HeadNorm::kShared,
                             .needs_experts = true};

}  // namespace minnow::archs
