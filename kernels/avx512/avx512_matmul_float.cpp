#include "kernels/avx512/avx512_float.hpp"
#include "kernels/avx512/avx512_lanes.hpp"
#include "kernels/generic/matmul_float.hpp"

namespace minnow::avx512 {

void matmul_float(Format format, const MatmulArgs& args, void* scratch) {
  generic::matmul_float<Lanes>(format, args, scratch);
}

}  // namespace minnow::avx512
