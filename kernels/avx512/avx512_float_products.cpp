// Attention and float matrices in one file: both stand on the same tiles of products, and an ISA's
// code shares nothing between files.
#include "kernels/avx512/avx512_float.hpp"
#include "kernels/avx512/avx512_lanes.hpp"
#include "kernels/generic/attention.hpp"
#include "kernels/generic/matmul_float.hpp"

namespace minnow::avx512 {

static_assert(kFloatScratchBytes >= generic::kAttendScratchBytes);

void attend(const AttendArgs& args, void* scratch) {
  generic::attend<Lanes>(args, scratch);
}

void matmul_float(Format format, const MatmulArgs& args, void* scratch) {
  generic::matmul_float<Lanes>(format, args, scratch);
}

}  // namespace minnow::avx512
