// Which of the three ways multiplies: by format and number of tokens. All give the same bits.
#include "kernels/avx2/avx2_integer.hpp"

namespace minnow::avx2 {

void matmul_integer(Format format, const MatmulArgs& args, void* scratch) {
  // Reading codes twice in registers costs what a panel does at 5 tokens (Q5_K) to 8 (Q4_0).
  constexpr std::int64_t kDirectTokens = 6;
  if (format == Format::kQ8_0) return matmul_signed_q8_0(args);
  if (args.n_tokens <= kDirectTokens) return matmul_direct(format, args);
  matmul_panel(format, args, scratch);
}

}  // namespace minnow::avx2
