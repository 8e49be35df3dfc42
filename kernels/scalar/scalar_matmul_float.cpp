#include "kernels/generic/matmul_float.hpp"
#include "kernels/scalar/scalar_float.hpp"
#include "kernels/scalar/scalar_lanes.hpp"

namespace minnow::scalar {

void matmul_float(Format format, const MatmulArgs& args, void* scratch) {
  generic::matmul_float<Lanes>(format, args, scratch);
}

}  // namespace minnow::scalar
