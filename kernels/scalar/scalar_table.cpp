#include "kernels/scalar/scalar_float.hpp"
#include "kernels/scalar/scalar_integer.hpp"

namespace minnow {

namespace {

void matmul(Format format, const MatmulArgs& args, void* scratch) {
  if (format == Format::kF32 || format == Format::kF16 || format == Format::kBF16) {
    return scalar::matmul_float(format, args, scratch);
  }
  return scalar::matmul_integer(format, args, scratch);
}

}  // namespace

extern const KernelTable kScalarTable = {
    .name = "scalar",
    .needs = 0,
    .scratch_bytes = scalar::kFloatScratchBytes,
    .gains_by_screening = false,
    .pack = scalar::pack,
    .unpack_row = scalar::unpack_row,
    .matmul = matmul,
    .matmul_codes = scalar::matmul_codes,
    .split_rows = scalar::split_rows,
    .join_row = scalar::join_row,
    .join_group = scalar::join_group,
    .split_products = scalar::split_products,
    .split_bounds = scalar::split_bounds,
    .quantize = scalar::quantize,
    .rms_norm = scalar::rms_norm,
    .layer_norm = scalar::layer_norm,
    .all_finite = scalar::all_finite,
    .add = scalar::add,
    .multiply = scalar::multiply,
    .scale = scalar::scale,
    .multiply_add = scalar::multiply_add,
    .softcap = scalar::softcap,
    .activate = scalar::activate,
    .rope = scalar::rope,
    .softmax = scalar::softmax,
    .to_half = scalar::to_half,
    .from_half = scalar::from_half,
    .sum_exp = scalar::sum_exp,
    .attend = scalar::attend,
    .merge = scalar::merge,
    .finish = scalar::finish,
    .read_bytes = scalar::read_bytes,
    .integer_peak = scalar::integer_peak,
    .float_peak = scalar::float_peak,
};

}  // namespace minnow
