#include "kernels/avx2/avx2_float.hpp"
#include "kernels/avx2/avx2_lanes.hpp"
#include "kernels/generic/attention.hpp"

namespace minnow::avx2 {

static_assert(kFloatScratchBytes >= generic::kFloatScratchBytes);

void attend(const AttendArgs& args, void* scratch) {
  generic::attend<Lanes>(args, scratch);
}

}  // namespace minnow::avx2
