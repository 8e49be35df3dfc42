// KernelTable: everything that computes, as one struct of function pointers, one table an ISA.
//
// Every function is pure: one thread, no allocation, no globals, nothing read beyond its operands.
// kernels/scalar is the definition (docs/kernels.md, "canonical arithmetic"); every other table
// must give the same bits for the same operands, which the tests check with ==. Pointers need the
// alignment of their element type only, unless a line says more. Operands never alias unless a line
// says so. Callers run with round-to-nearest and denormals on.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/formats/format.hpp"
#include "kernels/formats/split_layout.hpp"

namespace minnow {

inline constexpr int kChunkPositions = 256;  // attention's unit: positions [256c, 256c + 255]

// Quantised activations of n_tokens rows. Written by KernelTable::quantize, one row at a time.
struct QuantRows {
  const std::int8_t* codes;    // [n_tokens, k], -127...127
  const float* scales;         // [n_tokens, ceil(k / x_group)]
  const std::int16_t* sums;    // [n_tokens, ceil(k / 16)], the sum of 16 codes each
  std::int64_t codes_stride;   // elements from a token's row to the next one's
  std::int64_t scales_stride;  // elements
  std::int64_t sums_stride;    // elements, even
};

// out[t, r] = sum over k of weights[r, k] * x[t, k], for n_rows rows from a group's start.
struct MatmulArgs {
  const void* weights;  // packed groups (R16G4), as KernelTable::pack writes them; 64-byte aligned
  std::int64_t k;       // elements of a row
  std::int64_t n_rows;  // rows to compute; the last group may be short
  std::int64_t n_tokens;    // 1...; any number gives the same bits for a token
  QuantRows x;              // for formats with x_group > 0
  const float* x_float;     // [n_tokens, k], for F32, F16 and BF16 weights
  std::int64_t x_stride;    // elements between rows of x_float
  float* out;               // [n_tokens, n_rows]; also holds partial sums while running
  std::int64_t out_stride;  // elements
  // What the caller reads next, unless nullptr: kernels may fetch it instead of what follows the
  // weights.
  const void* upcoming;
  std::int64_t upcoming_bytes;
};

// 16 rows of a format without a fast kernel, decoded by src/format to the codes of the rule.
struct CodeGroup {
  Format format;             // tells x_group, sub and mins
  const std::int8_t* codes;  // [k / 4][16 rows][4], code - zero
  const float* scales;       // [k / sub][16 rows], d_w or d * sc
  const std::uint8_t* mins;  // [k / sub][16 rows], Mins::kInteger only
  const float* dmin;         // [k / 256][16 rows], Mins::kInteger only
};

// What bounds of rows need to know of one token's activations (docs/kernels.md, "Screening").
struct BoundArgs {
  QuantRows x;           // one token
  const float* offsets;  // [k / 32] kSplitCentre times the sum of the block's activation codes
  const float* norms;    // [k / 32] at least the norm of the block's activation codes per unit of a
                         // norm byte, rounding of the sums included
};

enum class KvType : std::uint8_t { kF32, kF16, kQ8_0 };  // Q8_0: kernels/formats/kv_q8_0.hpp

// One chunk of one KV head against some queries (all of the head's query heads, some tokens).
struct AttendArgs {
  KvType type;
  const void* keys;    // [256 / 16][head_dim][16 positions]
  const void* values;  // [256][value_dim]
  std::int32_t head_dim;
  std::int32_t value_dim;
  std::int32_t n_queries;
  const float* const* queries;  // [n_queries] pointers to [head_dim]
  const std::int32_t* begin;    // [n_queries] first visible position in the chunk
  const std::int32_t* end;      // [n_queries] one past the last; begin == end: nothing is visible
  const float* const* bias;     // NULL, or [n_queries] pointers to [256], added after the soft cap
  float scale;                  // the dot product times this
  float softcap;                // 0: none; else softcap * tanh(score / softcap)
  float* max;                   // [n_queries] largest visible score; -infinity when none is visible
  float* sum;                   // [n_queries] sum of exp(score - max)
  float* out;                   // [n_queries, value_dim] sum of exp(score - max) * value
  const void* next_keys;        // of a later call, to prefetch; NULL: not known
};

enum class Activation : std::uint8_t { kSilu, kGeluTanh, kGeluErf, kRelu, kReluSquared };
enum class RopeStyle : std::uint8_t { kNone, kInterleaved, kHalves };

struct KernelTable {
  const char* name;           // "scalar", "avx2", "avx512"
  std::uint64_t needs;        // bits of kernels/api/cpu_mask.hpp that the CPU must have
  std::size_t scratch_bytes;  // scratch that matmul, matmul_codes and attend need, 64-byte aligned

  // Whether sampling from split_bounds() is clearly faster than from all products.
  bool gains_by_screening;

  // -- weights ------------------------------------------------------------------------------------
  // Packs up to 16 rows of a Tiles format into one group. rows: n_rows rows of row_bytes(format, k)
  // bytes, row_stride_bytes apart. group: 16 * row_bytes bytes, written whole, zero for rows that
  // do not exist.
  void (*pack)(Format format, const void* rows, std::int64_t row_stride_bytes, int n_rows,
               std::int64_t k, void* group);
  // The inverse for one row: gives back the file's bytes. row in 0...15.
  void (*unpack_row)(Format format, const void* group, int row, std::int64_t k, void* row_bytes);

  void (*matmul)(Format format, const MatmulArgs& args, void* scratch);  // Tiles formats
  // args.weights is not used; n_rows <= 16.
  void (*matmul_codes)(const CodeGroup& group, const MatmulArgs& args, void* scratch);

  // -- a split output head: formats with can_split() ----------------------------------------------
  // Splits n_rows of the file's rows into rows first_row... of the matrix at `data`.
  void (*split_rows)(const SplitMatrix& matrix, std::int64_t first_row, const void* rows,
                     std::int64_t n_rows, std::uint8_t* data);
  // The inverse for one row: gives back the file's bytes.
  void (*join_row)(const SplitMatrix& matrix, std::int64_t row, void* row_bytes);
  // What pack() would write for rows first_row...first_row + n_rows - 1, at most 16.
  void (*join_group)(const SplitMatrix& matrix, std::int64_t first_row, int n_rows, void* group);
  // out[i] = what matmul() gives for one token and row rows[i], or first_row + i when rows is NULL.
  void (*split_products)(const SplitMatrix& matrix, const std::int32_t* rows,
                         std::int64_t first_row, std::int64_t n, const QuantRows& x, float* out);
  // bounds[i]: at least what split_products() gives for row first_row + i, from the upper plane
  // alone, plus 2^-100; +infinity where nothing can be said; never NaN. Tables may differ here.
  void (*split_bounds)(const SplitMatrix& matrix, std::int64_t first_row, std::int64_t n_rows,
                       const BoundArgs& args, float* bounds);

  // -- rows of activations ------------------------------------------------------------------------
  // Quantises x[n] with one scale a group of x_group (32 or 128); the last group may be short.
  // codes [n], scales [ceil(n / x_group)], sums [ceil(n / 16)]. False when a value is not finite.
  bool (*quantize)(const float* x, std::int64_t n, int x_group, std::int8_t* codes, float* scales,
                   std::int16_t* sums);
  // y = x / sqrt(mean(x * x) + eps) * weight; y may be x; weight may be NULL (ones).
  void (*rms_norm)(const float* x, const float* weight, std::int64_t n, float eps, float* y);
  // y = (x - mean) / sqrt(var + eps) * weight + bias; y may be x; weight and bias may be NULL.
  void (*layer_norm)(const float* x, const float* weight, const float* bias, std::int64_t n,
                     float eps, float* y);
  bool (*all_finite)(const float* x, std::int64_t n);  // neither infinite nor not a number
  void (*add)(const float* a, const float* b, std::int64_t n, float* y);       // y may be a or b
  void (*multiply)(const float* a, const float* b, std::int64_t n, float* y);  // y may be a or b
  void (*scale)(const float* x, float factor, std::int64_t n, float* y);       // y may be x
  void (*multiply_add)(const float* x, float factor, std::int64_t n,
                       float* y);                                        // y = fma(factor, x, y)
  void (*softcap)(const float* x, float cap, std::int64_t n, float* y);  // cap * tanh(x / cap)
  // y = act(gate) * up, or act(gate) when up is NULL; y may be gate or up.
  void (*activate)(Activation act, const float* gate, const float* up, std::int64_t n, float* y);
  // Rotates the first n_rot elements of one head in place; cos, sin: [n_rot / 2].
  void (*rope)(float* x, const float* cos, const float* sin, std::int32_t n_rot, RopeStyle style);
  // In place: exp(x - max) / lane sum. For routers.
  void (*softmax)(float* x, std::int64_t n);
  void (*to_half)(const float* x, std::int64_t n, std::uint16_t* y);  // float16, nearest even
  void (*from_half)(const std::uint16_t* x, std::int64_t n, float* y);
  // Sum over i of log2-free natural exp(x[i] - max): what log-probabilities need. Lane sum.
  float (*sum_exp)(const float* x, std::int64_t n, float max);

  // -- attention ----------------------------------------------------------------------------------
  void (*attend)(const AttendArgs& args, void* scratch);
  // Joins chunk 2 into chunk 1: m' = max(m1, m2), e = exp(m - m'), l' = fma(l1, e1, l2 * e2),
  // o' = fma(o1, e1, o2 * e2). A chunk whose max is -infinity is left out; if chunk 1 is, chunk 2
  // is copied.
  void (*merge)(float* max1, float* sum1, float* out1, const float* max2, const float* sum2,
                const float* out2, std::int32_t value_dim);
  // y = out / sum; zero when sum is zero.
  void (*finish)(const float* out, float sum, std::int32_t value_dim, float* y);

  // -- limits of the machine ----------------------------------------------------------------------
  // Reads n_bytes (a multiple of 1,024, 64-byte aligned) as fast as loads go; the result only keeps
  // the loads alive.
  std::uint64_t (*read_bytes)(const void* data, std::int64_t n_bytes);
  // Runs the table's best integer dot on registers only; returns the multiply-adds done.
  std::int64_t (*integer_peak)(std::int64_t iterations);
  // The same for float fma.
  std::int64_t (*float_peak)(std::int64_t iterations);
};

extern const KernelTable kScalarTable;
#if defined(__x86_64__)
extern const KernelTable kAvx2Table;
extern const KernelTable kAvx512Table;
#endif

}  // namespace minnow
