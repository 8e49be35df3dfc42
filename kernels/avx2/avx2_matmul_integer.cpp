#include "kernels/avx2/avx2_integer.hpp"

namespace minnow::avx2 {

void matmul_integer(Format format, const MatmulArgs& args, void* /*scratch*/) {
  if (format == Format::kQ8_0) return matmul_signed_q8_0(args);
  matmul_direct(format, args);
}

}  // namespace minnow::avx2
