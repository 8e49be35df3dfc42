#include "kernels/avx512/avx512_float.hpp"
#include "kernels/avx512/avx512_lanes.hpp"
#include "kernels/generic/attention.hpp"

namespace minnow::avx512 {

static_assert(kFloatScratchBytes >= generic::kFloatScratchBytes);

void attend(const AttendArgs& args, void* scratch) {
  generic::attend<Lanes>(args, scratch);
}

}  // namespace minnow::avx512
