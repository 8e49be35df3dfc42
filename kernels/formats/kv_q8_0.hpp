// Sizes of a chunk of keys and values stored as Q8_0: bytes under one float16 scale for 32 elements
// of a position. An element is code * scale, which a float holds exactly.
//
//   keys     16 groups of 16 positions; a group: for each 32 elements of the head, 16 scales, then
//            codes [32][16 positions]; the last block may hold fewer elements
//   values   256 rows; a row: the scales of its blocks, then codes [value_dim], and a byte when
//   that
//            is odd
#pragma once

#include <cstdint>

namespace minnow {

inline constexpr std::int64_t kKvBlock = 32;  // elements of a position under one scale

constexpr std::int64_t kv_q8_blocks(std::int64_t n) {
  return (n + kKvBlock - 1) / kKvBlock;
}
constexpr std::int64_t kv_q8_key_group_bytes(std::int64_t head_dim) {
  return 16 * (2 * kv_q8_blocks(head_dim) + head_dim);
}
// From a group's start to a block's scales; the codes are 32 bytes further.
constexpr std::int64_t kv_q8_key_block_bytes() {
  return 16 * (2 + kKvBlock);
}
constexpr std::int64_t kv_q8_value_row_bytes(std::int64_t value_dim) {
  return 2 * kv_q8_blocks(value_dim) + (value_dim + 1) / 2 * 2;
}

}  // namespace minnow
