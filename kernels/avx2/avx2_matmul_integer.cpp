// Which of the three ways multiplies: by format and number of tokens. All give the same bits.
#include "kernels/avx2/avx2_integer.hpp"

namespace minnow::avx2 {

void matmul_integer(Format format, const MatmulArgs& args, void* scratch) {
  // With 4 tokens both ways take the same time; with 2 direct is up to twice as fast.
  constexpr std::int64_t kDirectTokens = 3;
  if (format == Format::kQ8_0) return matmul_signed_q8_0(args);
  if (args.n_tokens <= kDirectTokens) return matmul_direct(format, args);
  matmul_panel(format, args, scratch);
}

}  // namespace minnow::avx2
