#include "kernels/generic/attention.hpp"
#include "kernels/scalar/scalar_float.hpp"
#include "kernels/scalar/scalar_lanes.hpp"

namespace minnow::scalar {

static_assert(kFloatScratchBytes >= generic::kFloatScratchBytes);

void attend(const AttendArgs& args, void* scratch) {
  generic::attend<Lanes>(args, scratch);
}

}  // namespace minnow::scalar
