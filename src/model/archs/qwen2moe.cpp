// Qwen 1.5 and 2 with experts (arXiv 2407.10671): weights of the chosen experts as the softmax over
// all gives them, and an expert that every token takes.
#include "model/archs/arch_list.hpp"

namespace minnow::archs {

const ArchTraits qwen2moe = {.name = "qwen2moe",
                             .rope = RopeStyle::kHalves,
                             .needs_experts = true,
                             .shared_expert = true,
                             .normalises_experts = false};

}  // namespace minnow::archs
