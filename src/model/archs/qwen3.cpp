// Qwen 3 (arXiv 2505.09388): norms of the heads of Q and K.
#include "model/archs/arch_list.hpp"

namespace minnow::archs {

const ArchTraits qwen3 = {
    .name = "qwen3", .rope = RopeStyle::kHalves, .head_norm = HeadNorm::kShared};

}  // namespace minnow::archs
