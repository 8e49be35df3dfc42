// Products of quantised weights and quantised activations: the definition of their bits.
//
// Whatever the format, a tile of 16 rows is first decoded to codes, scales and minimums. The
// integer sums are exact, so only the float steps below have an order: sub-blocks by ascending k.
#include "kernels/generic/integer_formats.hpp"
#include "kernels/generic/scalar_fma.hpp"
#include "kernels/scalar/decode_tile.hpp"
#include "kernels/scalar/scalar_integer.hpp"

namespace minnow::scalar {
namespace {

using generic::fused_multiply_add;
using generic::IntegerRule;
using std::int16_t;
using std::int32_t;
using std::int64_t;
using std::int8_t;
using std::uint8_t;

// A stretch of 16 rows' weights: a decoded tile, or some blocks of a CodeGroup.
struct Weights {
  const int8_t* codes;   // [k / 4][16][4]
  const float* scales;   // [k / sub][16]
  const float* offsets;  // [k / 32][16], Mins::kBlock only
  const uint8_t* mins;   // [k / sub][16], Mins::kInteger only
  const float* dmin;     // [k / 256][16], Mins::kInteger only
};

// The activations of one token that meet them.
struct TokenRow {
  const int8_t* codes;  // [k]
  const float* scales;  // [k / x_group]
  const int16_t* sums;  // [k / 16]
};

// The exact product of n weights (from k on) and activations, for each row.
void dot(const int8_t* codes, const int8_t* x, int64_t k, int n, int32_t* sums) {
  for (int row = 0; row < kRows; ++row) sums[row] = 0;
  for (int64_t i = k; i < k + n; i += 4) {
    const int8_t* const group = codes + i * kRows;
    for (int row = 0; row < kRows; ++row) {
      for (int j = 0; j < 4; ++j) sums[row] += group[4 * row + j] * x[i + j];
    }
  }
}

int32_t sum_of_codes(const int16_t* sums, int64_t k, int n) {
  int32_t sum = 0;
  for (int64_t i = k; i < k + n; i += 16) sum += sums[i / 16];
  return sum;
}

// One scale of the activations for 32 weights.
void add_blocks(const IntegerRule& rule, const Weights& w, const TokenRow& x, int64_t k,
                float* acc) {
  for (int64_t i = 0; i < k; i += rule.sub) {
    int32_t sums[kRows];
    dot(w.codes, x.codes, i, rule.sub, sums);
    const float x_scale = x.scales[i / 32];
    for (int row = 0; row < kRows; ++row) {
      const float scale = w.scales[i / rule.sub * kRows + row] * x_scale;
      acc[row] = fused_multiply_add(static_cast<float>(sums[row]), scale, acc[row]);
    }
    if (rule.mins != Mins::kBlock) continue;
    const float x_sum = static_cast<float>(sum_of_codes(x.sums, i, 32));
    for (int row = 0; row < kRows; ++row) {
      const float offset = w.offsets[i / 32 * kRows + row] * x_scale;
      acc[row] = fused_multiply_add(x_sum, offset, acc[row]);
    }
  }
}

// One scale of the activations for 128 weights: from k on, in the weights' own scales first.
void add_group_of_128(const IntegerRule& rule, const Weights& w, const TokenRow& x, int64_t k,
                      float* acc) {
  float part[kRows] = {};
  int32_t min_sums[kRows] = {};
  for (int64_t i = k; i < k + 128; i += rule.sub) {
    int32_t sums[kRows];
    dot(w.codes, x.codes, i, rule.sub, sums);
    const int64_t first = i / rule.sub * kRows;
    for (int row = 0; row < kRows; ++row) {
      const float sum = static_cast<float>(sums[row]);
      part[row] = fused_multiply_add(sum, w.scales[first + row], part[row]);
    }
    if (rule.mins != Mins::kInteger) continue;
    const int32_t x_sum = sum_of_codes(x.sums, i, rule.sub);
    for (int row = 0; row < kRows; ++row) min_sums[row] += w.mins[first + row] * x_sum;
  }
  for (int row = 0; row < kRows; ++row) {
    if (rule.mins == Mins::kInteger) {
      const float dmin = w.dmin[k / 256 * kRows + row];
      part[row] = fused_multiply_add(static_cast<float>(min_sums[row]), -dmin, part[row]);
    }
    acc[row] = fused_multiply_add(part[row], x.scales[k / 128], acc[row]);
  }
}

void add_weights(const IntegerRule& rule, const Weights& w, const TokenRow& x, int64_t k,
                 float* acc) {
  if (rule.x_group == 32) return add_blocks(rule, w, x, k, acc);
  for (int64_t i = 0; i < k; i += 128) add_group_of_128(rule, w, x, i, acc);
}

// Weights [start, start + size) of every row meet all tokens; sums continue in out.
void add_to_tokens(const IntegerRule& rule, const Weights& w, int64_t start, int64_t size,
                   const MatmulArgs& args, int64_t first_row) {
  const int64_t rest = args.n_rows - first_row;
  const int n_rows = rest < kRows ? static_cast<int>(rest) : kRows;
  for (int64_t token = 0; token < args.n_tokens; ++token) {
    const TokenRow x = {
        args.x.codes + token * args.x.codes_stride + start,
        args.x.scales + token * args.x.scales_stride + start / rule.x_group,
        args.x.sums + token * args.x.sums_stride + start / 16,
    };
    float* const out = args.out + token * args.out_stride + first_row;
    float acc[kRows] = {};
    for (int row = 0; row < n_rows && start > 0; ++row) acc[row] = out[row];
    add_weights(rule, w, x, size, acc);
    for (int row = 0; row < n_rows; ++row) out[row] = acc[row];
  }
}

template <Format F>
void matmul_tiles(const MatmulArgs& args) {
  constexpr FormatInfo kInfo = format_info(F);
  constexpr IntegerRule kRule = generic::integer_rule(F);
  const uint8_t* tile = static_cast<const uint8_t*>(args.weights);
  DecodedTile decoded;
  const Weights weights = {decoded.codes, decoded.scales, decoded.offsets, decoded.mins,
                           decoded.dmin};
  for (int64_t row = 0; row < args.n_rows; row += kRows) {
    for (int64_t k = 0; k < args.k; k += kInfo.elements) {
      decode(TileParts<F>{tile}, decoded);
      add_to_tokens(kRule, weights, k, kInfo.elements, args, row);
      tile += kInfo.block_bytes * kRows;
    }
  }
}

}  // namespace

void matmul_integer(Format format, const MatmulArgs& args, void* /*scratch*/) {
  generic::visit_integer_tiles(
      format, [&](auto constant) { matmul_tiles<decltype(constant)::kValue>(args); });
}

void matmul_codes(const CodeGroup& group, const MatmulArgs& args, void* /*scratch*/) {
  const Weights weights = {group.codes, group.scales, nullptr, group.mins, group.dmin};
  add_to_tokens(generic::integer_rule(group.format), weights, 0, args.k, args, 0);
}

int64_t integer_peak(int64_t iterations) {
  constexpr int kLanes = 64;
  int8_t a[kLanes] = {};
  int32_t sums[kLanes] = {};
  for (int64_t i = 0; i < iterations; ++i) {
    __asm__ volatile("" : "+m"(a));  // The factors may have changed: the sums have to be computed.
    for (int lane = 0; lane < kLanes; ++lane) sums[lane] += a[lane] * a[lane];
  }
  __asm__ volatile("" : : "m"(sums));
  return iterations * kLanes;
}

}  // namespace minnow::scalar
