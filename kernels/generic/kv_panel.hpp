// How keys and values of a chunk lie in memory, and their conversion to panels of floats.
//
// A type K of the cache gives: convert_keys, some elements of one group of 16 positions to
// [elements][16]; convert_values, some columns of one position; where both lie, for prefetching;
// and how many bytes a vector of 16 takes.
#pragma once

#include <cstdint>

#include "kernels/formats/kv_q8_0.hpp"
#include "kernels/generic/half.hpp"
#include "kernels/generic/rows.hpp"

namespace minnow::generic {

// Keys [256 / 16][head_dim][16 positions] and values [256][value_dim] of plain elements.
template <class Element>
struct PlainKv {
  using Type = Element;
  static constexpr bool kIsPlain = true;
  static constexpr int kVectorBytes = 16 * static_cast<int>(sizeof(Element));

  const Element* keys;
  const Element* values;
  std::int64_t head_dim;
  std::int64_t value_dim;

  PlainKv(const void* key_chunk, const void* value_chunk, int head_size, int value_size)
      : keys(static_cast<const Element*>(key_chunk)),
        values(static_cast<const Element*>(value_chunk)),
        head_dim(head_size),
        value_dim(value_size) {}

  const Element* key(int group, int element) const {
    return keys + (group * head_dim + element) * 16;
  }
  const Element* value(int position, int column) const {
    return values + position * value_dim + column;
  }
  // What is prefetched may lie beyond the chunk: numbers, not pointers.
  std::uintptr_t key_address(int group) const {
    return reinterpret_cast<std::uintptr_t>(keys) +
           static_cast<std::uintptr_t>(group * head_dim * kVectorBytes);
  }
  std::uintptr_t value_address(int position) const {
    return reinterpret_cast<std::uintptr_t>(values) +
           static_cast<std::uintptr_t>(position * value_dim) * sizeof(Element);
  }

  template <class L>
  void convert_keys(int group, int element, int n, float* panel) const {
    const Element* x = key(group, element);
    for (int i = 0; i < n; ++i) L::load(x + 16 * i).store(panel + 16 * i);
  }
  template <class L>
  void convert_values(int position, int column, int n, float* panel) const {
    map<L>(
        value(position, column), n, panel,
        [](L value) __attribute__((always_inline)) { return value; });
  }
};

// Q8_0 (kernels/formats/kv_q8_0.hpp): always converted to a panel. Elements and columns to convert
// start at a block.
struct Q8Kv {
  static constexpr bool kIsPlain = false;
  static constexpr int kVectorBytes = 17;

  const std::uint8_t* keys;
  const std::uint8_t* values;
  std::int64_t group_bytes;
  std::int64_t row_bytes;
  std::int64_t value_blocks;

  Q8Kv(const void* key_chunk, const void* value_chunk, int head_size, int value_size)
      : keys(static_cast<const std::uint8_t*>(key_chunk)),
        values(static_cast<const std::uint8_t*>(value_chunk)),
        group_bytes(kv_q8_key_group_bytes(head_size)),
        row_bytes(kv_q8_value_row_bytes(value_size)),
        value_blocks(kv_q8_blocks(value_size)) {}

  std::uintptr_t key_address(int group) const {
    return reinterpret_cast<std::uintptr_t>(keys) +
           static_cast<std::uintptr_t>(group * group_bytes);
  }
  std::uintptr_t value_address(int position) const {
    return reinterpret_cast<std::uintptr_t>(values) +
           static_cast<std::uintptr_t>(position * row_bytes);
  }

  template <class L>
  void convert_keys(int group, int element, int n, float* panel) const {
    const std::uint8_t* block =
        keys + group * group_bytes + element / kKvBlock * kv_q8_key_block_bytes();
    for (int begin = 0; begin < n; begin += kKvBlock, block += kv_q8_key_block_bytes()) {
      const L scale = L::load(reinterpret_cast<const Half*>(block));
      const auto* codes = reinterpret_cast<const std::int8_t*>(block + 32);
      const int end = n - begin < kKvBlock ? n - begin : static_cast<int>(kKvBlock);
      for (int i = 0; i < end; ++i)
        (L::load(codes + 16 * i) * scale).store(panel + 16 * (begin + i));
    }
  }
  template <class L>
  void convert_values(int position, int column, int n, float* panel) const {
    const std::uint8_t* row = values + position * row_bytes;
    const auto* scales = reinterpret_cast<const Half*>(row) + column / kKvBlock;
    const auto* codes = reinterpret_cast<const std::int8_t*>(row + 2 * value_blocks) + column;
    for (int begin = 0; begin < n; begin += kKvBlock) {
      const L scale = L::set(half_to_float(scales[begin / kKvBlock].bits));
      const int size = n - begin < kKvBlock ? n - begin : static_cast<int>(kKvBlock);
      map<L>(
          codes + begin, size,
          panel + begin, [&](L code) __attribute__((always_inline)) { return code * scale; });
    }
  }
};

}  // namespace minnow::generic
