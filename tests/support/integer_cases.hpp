// What the tests of packed weights and integer products share: random rows of any Tiles format,
// packed groups, quantised activations, and weights decoded from the file's bytes to double.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "kernels/api/kernel_table.hpp"
#include "kernels/formats/format.hpp"
#include "kernels/formats/k_scales.hpp"
#include "kernels/formats/tile_layout.hpp"
#include "kernels/generic/half.hpp"
#include "support/kernel_cases.hpp"

namespace minnow::testing_support {

inline std::vector<Format> formats_where(bool (*wanted)(const FormatInfo&)) {
  std::vector<Format> result;
  for (const FormatInfo& info : kFormats) {
    if (wanted(info)) result.push_back(info.format);
  }
  return result;
}

inline std::vector<Format> tile_formats() {
  return formats_where([](const FormatInfo& i) { return i.packing == Packing::kTiles; });
}
inline std::vector<Format> integer_tile_formats() {
  return formats_where(
      [](const FormatInfo& i) { return i.packing == Packing::kTiles && i.x_group > 0; });
}
inline std::vector<Format> row_formats() {
  return formats_where([](const FormatInfo& i) { return i.packing == Packing::kRows; });
}

// The file's rows of a Tiles format: any codes, and float16 fields that a file may have.
inline std::vector<std::uint8_t> random_rows(Format format, std::int64_t n_rows, std::int64_t k,
                                             unsigned seed) {
  std::mt19937 engine(seed);
  std::vector<std::uint8_t> rows(static_cast<std::size_t>(n_rows * row_bytes(format, k)));
  for (std::uint8_t& byte : rows) byte = static_cast<std::uint8_t>(engine());
  std::normal_distribution<float> normal(0.0f, 0.02f);
  const TileLayout layout = tile_layout(format);
  const std::size_t block_bytes = static_cast<std::size_t>(format_info(format).block_bytes);
  for (std::size_t block = 0; block < rows.size(); block += block_bytes) {
    for (int field = 0; field < layout.n_fields; ++field) {
      const std::uint16_t half = generic::float_to_half(normal(engine));
      std::memcpy(&rows[block + static_cast<std::size_t>(layout.fields[field])], &half, 2);
    }
  }
  return rows;
}

// All groups of a matrix, packed by one table.
inline Guarded<std::uint8_t> pack_matrix(const KernelTable& table, Format format,
                                         const std::vector<std::uint8_t>& rows, std::int64_t n_rows,
                                         std::int64_t k) {
  const std::int64_t bytes = row_bytes(format, k);
  const std::int64_t n_groups = (n_rows + kGroupRows - 1) / kGroupRows;
  Guarded<std::uint8_t> groups(static_cast<std::size_t>(n_groups * kGroupRows * bytes));
  for (std::int64_t g = 0; g < n_groups; ++g) {
    const int n = static_cast<int>(std::min<std::int64_t>(kGroupRows, n_rows - g * kGroupRows));
    table.pack(format, rows.data() + g * kGroupRows * bytes, bytes, n, k,
               groups.data() + g * kGroupRows * bytes);
  }
  return groups;
}

// Quantised rows of activations, each array at the end of a page.
struct Activations {
  Guarded<std::int8_t> codes;
  Guarded<float> scales;
  Guarded<std::int16_t> sums;
  std::int64_t k = 0;
  int x_group = 0;

  QuantRows rows(std::int64_t first_token = 0) const {
    const std::int64_t scales_stride = (k + x_group - 1) / x_group;
    return {codes.data() + first_token * k,
            scales.data() + first_token * scales_stride,
            sums.data() + first_token * (k / 16),
            k,
            scales_stride,
            k / 16};
  }
  double value(std::int64_t token, std::int64_t i) const {
    return static_cast<double>(rows(token).codes[i]) *
           static_cast<double>(rows(token).scales[i / x_group]);
  }
};

inline Activations random_activations(std::int64_t n_tokens, std::int64_t k, int x_group,
                                      unsigned seed) {
  const Guarded<float> x = random_floats(static_cast<std::size_t>(n_tokens * k), seed, 1.0f, true);
  Activations result;
  result.codes = Guarded<std::int8_t>(static_cast<std::size_t>(n_tokens * k));
  result.scales = Guarded<float>(static_cast<std::size_t>(n_tokens * (k / x_group)));
  result.sums = Guarded<std::int16_t>(static_cast<std::size_t>(n_tokens * (k / 16)));
  result.k = k;
  result.x_group = x_group;
  for (std::int64_t t = 0; t < n_tokens; ++t) {
    kScalarTable.quantize(x.data() + t * k, k, x_group, result.codes.data() + t * k,
                          result.scales.data() + t * (k / x_group),
                          result.sums.data() + t * (k / 16));
  }
  return result;
}

// -- weights as the formats' definitions have them, written apart from the kernels ----------------

inline double half_at(const std::uint8_t* bytes) {
  std::uint16_t half = 0;
  std::memcpy(&half, bytes, 2);
  return static_cast<double>(generic::half_to_float(half));
}

// The fifth bit of weight j of a block of 32.
inline int fifth_bit(const std::uint8_t* high, int j) {
  return high[j / 8] >> (j % 8) & 1;
}

inline int nibble_of_32(const std::uint8_t* qs, int j) {
  return j < 16 ? qs[j] & 15 : qs[j - 16] >> 4;
}

inline double k_weight(const std::uint8_t* block, const std::uint8_t* qh, const std::uint8_t* qs,
                       int j) {
  const int sub = j / 32;
  const std::uint8_t byte = qs[j / 64 * 32 + j % 32];
  int code = sub % 2 == 0 ? byte & 15 : byte >> 4;
  if (qh != nullptr) code += (qh[j % 32] >> sub & 1) << 4;
  return half_at(block) * k_scale(block + 4, sub) * code -
         half_at(block + 2) * k_min(block + 4, sub);
}

// Weight j of a block of an integer Tiles format.
inline double weight_at(Format format, const std::uint8_t* b, int j) {
  switch (format) {
    case Format::kQ8_0:
      return half_at(b) * static_cast<std::int8_t>(b[2 + j]);
    case Format::kQ4_0:
      return half_at(b) * (nibble_of_32(b + 2, j) - 8);
    case Format::kQ4_1:
      return half_at(b) * nibble_of_32(b + 4, j) + half_at(b + 2);
    case Format::kQ5_0:
      return half_at(b) * (nibble_of_32(b + 6, j) + 16 * fifth_bit(b + 2, j) - 16);
    case Format::kQ5_1:
      return half_at(b) * (nibble_of_32(b + 8, j) + 16 * fifth_bit(b + 4, j)) + half_at(b + 2);
    case Format::kQ4_K:
      return k_weight(b, nullptr, b + 16, j);
    case Format::kQ5_K:
      return k_weight(b, b + 16, b + 48, j);
    case Format::kQ6_K: {
      const int n = j / 128;
      const int s = j / 32 % 4;
      const std::uint8_t low = b[64 * n + 32 * (s % 2) + j % 32];
      const int high = b[128 + 32 * n + j % 32] >> (2 * s) & 3;
      const int code = (s < 2 ? low & 15 : low >> 4) + 16 * high - 32;
      return half_at(b + 208) * static_cast<std::int8_t>(b[192 + j / 16]) * code;
    }
    default:
      return std::nan("");
  }
}

}  // namespace minnow::testing_support
