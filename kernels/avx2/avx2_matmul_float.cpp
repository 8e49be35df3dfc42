#include "kernels/avx2/avx2_float.hpp"
#include "kernels/avx2/avx2_lanes.hpp"
#include "kernels/generic/matmul_float.hpp"

namespace minnow::avx2 {

void matmul_float(Format format, const MatmulArgs& args, void* scratch) {
  generic::matmul_float<Lanes>(format, args, scratch);
}

}  // namespace minnow::avx2
