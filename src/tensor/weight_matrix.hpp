// WeightMatrix: a matrix of weights as the kernels read it, and VectorView for norms and biases.
// Views only: the model's arena or the mapped file owns the bytes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/formats/format.hpp"
#include "kernels/formats/split_layout.hpp"

namespace minnow {

// y = W x with W [n_rows, k]. Tiles formats are packed R16G4 (kernels/formats/README.md), unless
// the matrix is left in the file; Rows formats, and all in the file, are the file's rows, one after
// another. A split matrix lies as split_layout.hpp says, whatever its format's packing. A matrix
// that is not there has data == NULL.
struct WeightMatrix {
  Format format = Format::kF32;
  std::int64_t n_rows = 0;
  std::int64_t k = 0;
  const std::byte* data = nullptr;
  bool in_file = false;
  bool is_split = false;

  explicit operator bool() const { return data != nullptr; }
  bool is_tiles() const { return has_tiles() && !in_file && !is_split; }
  bool has_tiles() const { return format_info(format).packing == Packing::kTiles; }
  SplitMatrix split() const {
    return {format, n_rows, k, reinterpret_cast<const std::uint8_t*>(data)};
  }
  std::int64_t row_bytes() const { return minnow::row_bytes(format, k); }
  // A whole number of groups from the start on; row must be a multiple of 16.
  const std::byte* group_at(std::int64_t row) const { return data + row * row_bytes(); }
};

// Bytes that a matrix takes once it is stored for the kernels: whole groups of 16 rows for Tiles
// formats, the file's bytes for Rows formats.
constexpr std::int64_t stored_bytes(Format format, std::int64_t n_rows, std::int64_t k) {
  const std::int64_t rows = format_info(format).packing == Packing::kTiles
                                ? (n_rows + kGroupRows - 1) / kGroupRows * kGroupRows
                                : n_rows;
  return rows * row_bytes(format, k);
}

// Bytes from a matrix to the next one of the same shape behind it.
inline std::int64_t bytes_of(const WeightMatrix& matrix) {
  return matrix.in_file ? matrix.n_rows * matrix.row_bytes()
                        : stored_bytes(matrix.format, matrix.n_rows, matrix.k);
}

// float32 [n]; data == NULL when the model has none.
struct VectorView {
  const float* data = nullptr;
  std::int64_t n = 0;
  explicit operator bool() const { return data != nullptr; }
};

// Where token t's embedding comes from: rows of the mapped file, or a packed matrix (the tied
// head).
struct EmbeddingTable {
  WeightMatrix packed;  // data == NULL when the rows are in the file
  Format format = Format::kF32;
  std::int64_t n_rows = 0;
  std::int64_t k = 0;
  const std::byte* file_rows = nullptr;  // [n_rows, row_bytes]
};

}  // namespace minnow
