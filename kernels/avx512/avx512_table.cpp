#include "kernels/api/cpu_mask.hpp"
#include "kernels/avx512/avx512_float.hpp"
#include "kernels/avx512/avx512_integer.hpp"
#include "kernels/avx512/avx512_split.hpp"
#include "kernels/scalar/scalar_integer.hpp"

namespace minnow {

namespace {

static_assert(avx512::kIntegerScratchBytes >= avx512::kFloatScratchBytes,
              "scratch_bytes is for both");

void matmul(Format format, const MatmulArgs& args, void* scratch) {
  if (format == Format::kF32 || format == Format::kF16 || format == Format::kBF16) {
    return avx512::matmul_float(format, args, scratch);
  }
  return avx512::matmul_integer(format, args, scratch);
}

}  // namespace

extern const KernelTable kAvx512Table = {
    .name = "avx512",
    .needs = kMinnowCpuAvx2 | kMinnowCpuFma | kMinnowCpuF16c | kMinnowCpuBmi2 | kMinnowCpuAvx512F |
             kMinnowCpuAvx512Bw | kMinnowCpuAvx512Dq | kMinnowCpuAvx512Vl | kMinnowCpuAvx512Vnni,
    .scratch_bytes = avx512::kIntegerScratchBytes,
    .gains_by_screening = true,
    .pack = avx512::pack,
    .unpack_row = scalar::unpack_row,
    .matmul = matmul,
    .matmul_codes = avx512::matmul_codes,
    .split_rows = avx512::split_rows,
    .join_row = scalar::join_row,
    .join_group = avx512::join_group,
    .split_products = avx512::split_products,
    .split_bounds = avx512::split_bounds,
    .quantize = avx512::quantize,
    .rms_norm = avx512::rms_norm,
    .layer_norm = avx512::layer_norm,
    .all_finite = avx512::all_finite,
    .add = avx512::add,
    .multiply = avx512::multiply,
    .scale = avx512::scale,
    .multiply_add = avx512::multiply_add,
    .softcap = avx512::softcap,
    .activate = avx512::activate,
    .rope = avx512::rope,
    .softmax = avx512::softmax,
    .to_half = avx512::to_half,
    .from_half = avx512::from_half,
    .sum_exp = avx512::sum_exp,
    .attend = avx512::attend,
    .merge = avx512::merge,
    .finish = avx512::finish,
    .read_bytes = avx512::read_bytes,
    .integer_peak = avx512::integer_peak,
    .float_peak = avx512::float_peak,
};

}  // namespace minnow
