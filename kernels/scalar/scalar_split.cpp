// Split heads as the definition has them: two planes of nibbles, and the sums over them.
#include <cstring>

#include "kernels/generic/half.hpp"
#include "kernels/generic/scalar_fma.hpp"
#include "kernels/generic/split_rows.hpp"
#include "kernels/scalar/scalar_integer.hpp"

namespace minnow::scalar {
namespace {

using generic::fused_multiply_add;
using std::int16_t;
using std::int32_t;
using std::int64_t;
using std::int8_t;
using std::uint16_t;
using std::uint8_t;

constexpr int kBlock = generic::kSplitBlock;
constexpr int kBlockBytes = generic::kSplitBlockBytes;
constexpr float kBeyondEverything = __builtin_inff();

// The parts of one row.
struct Row {
  const uint8_t* upper;
  const uint8_t* lower;
  const uint8_t* scales;
  const uint8_t* norms;
};

Row row_of(const SplitMatrix& matrix, int64_t row) {
  const SplitLayout at = split_layout(matrix.format, matrix.n_rows, matrix.k);
  const int64_t k = matrix.k;
  return {matrix.data + at.upper + row * (k / 2), matrix.data + at.lower + row * (k / 2),
          matrix.data + at.scales + row * (k / kBlock) * 2,
          matrix.data + at.norms + row * (k / kBlock)};
}

// Nibble i of a block.
int nibble(const uint8_t* block, int i) {
  return i < 16 ? block[i] & 15 : block[i - 16] >> 4;
}

int8_t code_at(const Row& row, int64_t block, int i) {
  const int high = nibble(row.upper + 16 * block, i);
  return static_cast<int8_t>(16 * high + nibble(row.lower + 16 * block, i) - 128);
}

float scale_of(const Row& row, int64_t block) {
  uint16_t half = 0;
  std::memcpy(&half, row.scales + 2 * block, 2);
  return generic::half_to_float(half);
}

// The least n with n * n >= 9 * sum of (2 low - 15)^2.
uint8_t norm_of(const uint8_t* lower) {
  int squares = 0;
  for (int i = 0; i < kBlock; ++i) {
    const int twice = 2 * nibble(lower, i) - 15;
    squares += twice * twice;
  }
  int n = 0;
  while (n * n < 9 * squares) ++n;
  return static_cast<uint8_t>(n);
}

}  // namespace

void split_rows(const SplitMatrix& matrix, int64_t first_row, const void* rows, int64_t n_rows,
                uint8_t* data) {
  const SplitLayout at = split_layout(matrix.format, matrix.n_rows, matrix.k);
  const int64_t n_blocks = matrix.k / kBlock;
  const uint8_t* block = static_cast<const uint8_t*>(rows);
  for (int64_t i = first_row * n_blocks; i < (first_row + n_rows) * n_blocks; ++i) {
    uint8_t* const upper = data + at.upper + 16 * i;
    uint8_t* const lower = data + at.lower + 16 * i;
    for (int j = 0; j < 16; ++j) {
      const int first = block[2 + j] ^ 128;
      const int second = block[18 + j] ^ 128;
      upper[j] = static_cast<uint8_t>(first >> 4 | (second & 0xf0));
      lower[j] = static_cast<uint8_t>((first & 15) | (second << 4 & 0xf0));
    }
    std::memcpy(data + at.scales + 2 * i, block, 2);
    data[at.norms + i] = norm_of(lower);
    block += kBlockBytes;
  }
}

void join_row(const SplitMatrix& matrix, int64_t row, void* row_bytes) {
  const Row from = row_of(matrix, row);
  uint8_t* block = static_cast<uint8_t*>(row_bytes);
  for (int64_t b = 0; b < matrix.k / kBlock; ++b) {
    std::memcpy(block, from.scales + 2 * b, 2);
    for (int i = 0; i < kBlock; ++i) block[2 + i] = static_cast<uint8_t>(code_at(from, b, i));
    block += kBlockBytes;
  }
}

void join_group(const SplitMatrix& matrix, int64_t first_row, int n_rows, void* group) {
  constexpr int kTileBytes = kBlockBytes * kGroupRows;
  uint8_t* const tiles = static_cast<uint8_t*>(group);
  const int64_t n_blocks = matrix.k / kBlock;
  if (n_rows < kGroupRows) std::memset(group, 0, static_cast<std::size_t>(n_blocks * kTileBytes));
  for (int r = 0; r < n_rows; ++r) {
    const Row from = row_of(matrix, first_row + r);
    for (int64_t b = 0; b < n_blocks; ++b) {
      uint8_t* const tile = tiles + b * kTileBytes;
      std::memcpy(tile + 2 * r, from.scales + 2 * b, 2);
      for (int i = 0; i < kBlock; ++i) {
        const int place = 2 * kGroupRows + i / 4 * 4 * kGroupRows + 4 * r + i % 4;
        tile[place] = static_cast<uint8_t>(code_at(from, b, i));
      }
    }
  }
}

void split_products(const SplitMatrix& matrix, const int32_t* rows, int64_t first_row, int64_t n,
                    const QuantRows& x, float* out) {
  for (int64_t i = 0; i < n; ++i) {
    const Row row = row_of(matrix, rows == nullptr ? first_row + i : rows[i]);
    float acc = 0.0f;
    for (int64_t b = 0; b < matrix.k / kBlock; ++b) {
      int32_t sum = 0;
      for (int j = 0; j < kBlock; ++j) sum += code_at(row, b, j) * x.codes[kBlock * b + j];
      const float scale = scale_of(row, b) * x.scales[b];
      acc = fused_multiply_add(static_cast<float>(sum), scale, acc);
    }
    out[i] = acc;
  }
}

void split_bounds(const SplitMatrix& matrix, int64_t first_row, int64_t n_rows,
                  const BoundArgs& args, float* bounds) {
  for (int64_t i = 0; i < n_rows; ++i) {
    const Row row = row_of(matrix, first_row + i);
    float sum = 0.0f;
    float rest = 0x1p-100f;
    for (int64_t b = 0; b < matrix.k / kBlock; ++b) {
      int32_t high = 0;
      for (int j = 0; j < kBlock; ++j)
        high += nibble(row.upper + 16 * b, j) * args.x.codes[kBlock * b + j];
      const float scale = scale_of(row, b) * args.x.scales[b];
      sum = fused_multiply_add(static_cast<float>(high), scale, sum);
      rest = fused_multiply_add(scale, args.offsets[b], rest);
      const float slack = static_cast<float>(row.norms[b]) * args.norms[b];
      rest = fused_multiply_add(scale < 0 ? -scale : scale, slack, rest);
    }
    const float bound = fused_multiply_add(16.0f, sum, rest);
    bounds[i] = bound <= kBeyondEverything ? bound : kBeyondEverything;
  }
}

}  // namespace minnow::scalar
