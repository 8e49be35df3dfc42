// Qwen 2 and 2.5 (arXiv 2407.10671): biases on Q, K and V, which the tensors tell.
#include "model/archs/arch_list.hpp"

namespace minnow::archs {

const ArchTraits qwen2 = {.name = "qwen2", .rope = RopeStyle::kHalves};

}  // namespace minnow::archs
