#include "ops/activation_rows.hpp"

namespace minnow {

namespace {

QuantRows view(const QuantBuffers& buffers, std::int64_t k, int x_group) {
  QuantRows rows;
  rows.codes = buffers.codes;
  rows.scales = buffers.scales;
  rows.sums = buffers.sums;
  rows.codes_stride = codes_stride(k);
  rows.scales_stride = (k + x_group - 1) / x_group;
  rows.sums_stride = ((k + 15) / 16 + 1) / 2 * 2;
  return rows;
}

bool quantize_form(const KernelTable& table, const float* values, std::int64_t k, int x_group,
                   const QuantRows& rows, std::int64_t token) noexcept {
  // The views are read-only for the kernels; the buffers behind them are the session's own.
  return table.quantize(values, k, x_group,
                        const_cast<std::int8_t*>(rows.codes) + token * rows.codes_stride,
                        const_cast<float*>(rows.scales) + token * rows.scales_stride,
                        const_cast<std::int16_t*>(rows.sums) + token * rows.sums_stride);
}

}  // namespace

void lay_out(const QuantBuffers& per_32, const QuantBuffers& per_128, ActivationRows& rows) {
  rows.per_32 = view(per_32, rows.k, 32);
  rows.per_128 = view(per_128, rows.k, 128);
}

bool quantize_token(const KernelTable& table, const ActivationForms& forms,
                    const ActivationRows& rows, std::int64_t token) noexcept {
  const float* values = rows.values + token * rows.stride;
  bool finite = true;
  if (forms.per_32) finite &= quantize_form(table, values, rows.k, 32, rows.per_32, token);
  if (forms.per_128) finite &= quantize_form(table, values, rows.k, 128, rows.per_128, token);
  return finite;
}

}  // namespace minnow
