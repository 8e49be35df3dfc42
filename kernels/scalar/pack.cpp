// Packing as the definition has it: a transposition of 16-bit fields and 4-byte pieces, in which
// the fifth bits of Q5_0 and Q5_1 also change their order.
#include <cstring>

#include "kernels/formats/tile_layout.hpp"
#include "kernels/generic/integer_formats.hpp"
#include "kernels/scalar/scalar_integer.hpp"

namespace minnow::scalar {
namespace {

using std::int64_t;
using std::uint32_t;
using std::uint8_t;

// Copies the parts of one block to or from row `row` of a tile; Direction says which way.
enum class Direction { kIntoTile, kIntoBlock };

template <Direction D, class Bits>
void copy_bits(Bits bits, uint8_t* block, uint8_t* tile, int n_bytes) {
  uint32_t value = 0;
  std::memcpy(&value, D == Direction::kIntoTile ? block : tile, static_cast<std::size_t>(n_bytes));
  value = bits(value);
  std::memcpy(D == Direction::kIntoTile ? tile : block, &value, static_cast<std::size_t>(n_bytes));
}

template <Direction D>
uint32_t same_bits(uint32_t value) {
  return value;
}

template <Direction D>
uint32_t reordered_bits(uint32_t value) {
  return D == Direction::kIntoTile ? pack_high_bits(value) : unpack_high_bits(value);
}

template <Format F, Direction D>
void move_block(uint8_t* block, uint8_t* tile, int row) {
  constexpr TileLayout kLayout = tile_layout(F);
  for (int field = 0; field < kLayout.n_fields; ++field) {
    copy_bits<D>(same_bits<D>, block + kLayout.fields[field], tile + 2 * row, 2);
    tile += 2 * kGroupRows;
  }
  bool high_bits = kLayout.high_bits;
  for (int range = 0; range < kLayout.n_ranges; ++range) {
    for (int piece = 0; piece < kLayout.ranges[range].n_pieces; ++piece) {
      copy_bits<D>(high_bits ? reordered_bits<D> : same_bits<D>,
                   block + kLayout.ranges[range].offset + 4 * piece, tile + 4 * row, 4);
      tile += 4 * kGroupRows;
      high_bits = false;
    }
  }
}

// F32, F16 and BF16: [k][16 rows].
template <Direction D>
void move_floats(uint8_t* row_bytes, uint8_t* group, int row, int64_t k, int size) {
  for (int64_t i = 0; i < k; ++i) {
    copy_bits<D>(same_bits<D>, row_bytes + i * size, group + (i * kGroupRows + row) * size, size);
  }
}

template <Direction D>
void move_row(Format format, uint8_t* row_bytes, uint8_t* group, int row, int64_t k) {
  const bool integer = generic::visit_integer_tiles(format, [&](auto constant) {
    constexpr FormatInfo kInfo = format_info(decltype(constant)::kValue);
    for (int64_t block = 0; block < k / kInfo.elements; ++block) {
      move_block<decltype(constant)::kValue, D>(row_bytes + block * kInfo.block_bytes,
                                                group + block * kInfo.block_bytes * kGroupRows,
                                                row);
    }
  });
  if (!integer) move_floats<D>(row_bytes, group, row, k, format == Format::kF32 ? 4 : 2);
}

int64_t group_bytes(Format format, int64_t k) {
  int64_t bytes = k * (format == Format::kF32 ? 4 : 2);
  generic::visit_integer_tiles(format, [&](auto constant) {
    constexpr FormatInfo kInfo = format_info(decltype(constant)::kValue);
    bytes = k / kInfo.elements * kInfo.block_bytes;
  });
  return bytes * kGroupRows;
}

}  // namespace

void pack(Format format, const void* rows, int64_t row_stride_bytes, int n_rows, int64_t k,
          void* group) {
  uint8_t* const tiles = static_cast<uint8_t*>(group);
  if (n_rows < kGroupRows) std::memset(group, 0, static_cast<std::size_t>(group_bytes(format, k)));
  for (int row = 0; row < n_rows; ++row) {
    const uint8_t* const bytes = static_cast<const uint8_t*>(rows) + row * row_stride_bytes;
    // Only read in this direction.
    move_row<Direction::kIntoTile>(format, const_cast<uint8_t*>(bytes), tiles, row, k);
  }
}

void unpack_row(Format format, const void* group, int row, int64_t k, void* row_bytes) {
  uint8_t* const tiles = const_cast<uint8_t*>(static_cast<const uint8_t*>(group));
  move_row<Direction::kIntoBlock>(format, static_cast<uint8_t*>(row_bytes), tiles, row, k);
}

}  // namespace minnow::scalar
