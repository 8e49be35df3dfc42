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

// The place of element `first` of a token.
QuantRows place_of(const QuantRows& rows, int x_group, std::int64_t token, std::int64_t first) {
  QuantRows place = rows;
  place.codes += token * rows.codes_stride + first;
  place.scales += token * rows.scales_stride + first / x_group;
  place.sums += token * rows.sums_stride + first / 16;
  return place;
}

bool quantize_form(const KernelTable& table, const float* values, std::int64_t n, int x_group,
                   const QuantRows& place) noexcept {
  // The views are read-only for the kernels; the buffers behind them are the session's own.
  return table.quantize(values, n, x_group, const_cast<std::int8_t*>(place.codes),
                        const_cast<float*>(place.scales), const_cast<std::int16_t*>(place.sums));
}

}  // namespace

ActivationRows float_rows(const float* values, std::int64_t k, std::int64_t n_tokens) {
  ActivationRows rows;
  rows.values = values;
  rows.stride = k;
  rows.k = k;
  rows.n_tokens = n_tokens;
  return rows;
}

void lay_out(const QuantBuffers& per_32, const QuantBuffers& per_128, ActivationRows& rows) {
  rows.per_32 = view(per_32, rows.k, 32);
  rows.per_128 = view(per_128, rows.k, 128);
}

ActivationRows tokens_of(const ActivationRows& rows, std::int64_t first, std::int64_t n) {
  ActivationRows some = rows;
  some.values += first * rows.stride;
  some.n_tokens = n;
  some.per_32 = place_of(rows.per_32, 32, first, 0);
  some.per_128 = place_of(rows.per_128, 128, first, 0);
  return some;
}

bool quantize_piece(const KernelTable& table, const ActivationForms& forms,
                    const ActivationRows& rows, std::int64_t token, std::int64_t first,
                    std::int64_t n, const float* values) noexcept {
  bool finite = true;
  if (forms.per_32)
    finite &= quantize_form(table, values, n, 32, place_of(rows.per_32, 32, token, first));
  if (forms.per_128)
    finite &= quantize_form(table, values, n, 128, place_of(rows.per_128, 128, token, first));
  return finite;
}

bool quantize_token(const KernelTable& table, const ActivationForms& forms,
                    const ActivationRows& rows, std::int64_t token) noexcept {
  return quantize_piece(table, forms, rows, token, 0, rows.k, rows.values + token * rows.stride);
}

}  // namespace minnow
