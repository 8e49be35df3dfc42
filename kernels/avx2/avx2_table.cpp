#include "kernels/api/cpu_mask.hpp"
#include "kernels/avx2/avx2_float.hpp"
#include "kernels/avx2/avx2_integer.hpp"
#include "kernels/avx2/avx2_split.hpp"
#include "kernels/scalar/scalar_integer.hpp"

namespace minnow {

namespace {

constexpr std::size_t kScratchBytes = avx2::kIntegerScratchBytes > avx2::kFloatScratchBytes
                                          ? avx2::kIntegerScratchBytes
                                          : avx2::kFloatScratchBytes;

void matmul(Format format, const MatmulArgs& args, void* scratch) {
  if (format == Format::kF32 || format == Format::kF16 || format == Format::kBF16) {
    return avx2::matmul_float(format, args, scratch);
  }
  return avx2::matmul_integer(format, args, scratch);
}

}  // namespace

extern const KernelTable kAvx2Table = {
    .name = "avx2",
    .needs = kMinnowCpuAvx2 | kMinnowCpuFma | kMinnowCpuF16c | kMinnowCpuBmi2,
    .scratch_bytes = kScratchBytes,
    .gains_by_screening = true,
    .pack = avx2::pack,
    .unpack_row = scalar::unpack_row,
    .matmul = matmul,
    .matmul_codes = avx2::matmul_codes,
    .split_rows = avx2::split_rows,
    .join_row = scalar::join_row,
    .join_group = avx2::join_group,
    .split_products = avx2::split_products,
    .split_bounds = avx2::split_bounds,
    .quantize = avx2::quantize,
    .rms_norm = avx2::rms_norm,
    .layer_norm = avx2::layer_norm,
    .all_finite = avx2::all_finite,
    .add = avx2::add,
    .multiply = avx2::multiply,
    .scale = avx2::scale,
    .multiply_add = avx2::multiply_add,
    .softcap = avx2::softcap,
    .activate = avx2::activate,
    .rope = avx2::rope,
    .softmax = avx2::softmax,
    .to_half = avx2::to_half,
    .from_half = avx2::from_half,
    .sum_exp = avx2::sum_exp,
    .attend = avx2::attend,
    .merge = avx2::merge,
    .finish = avx2::finish,
    .read_bytes = avx2::read_bytes,
    .integer_peak = avx2::integer_peak,
    .float_peak = avx2::float_peak,
};

}  // namespace minnow
