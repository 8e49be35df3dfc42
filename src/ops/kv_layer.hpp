// KvLayer: the keys and values of one layer, as attention reads them. A view into the session's
// cache.
//
// Positions lie in chunks of 256, the unit of attention's arithmetic; chunk c is kept in slot
// c % n_slots, so a layer that looks back only so far can do with a few slots.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/api/kernel_table.hpp"
#include "kernels/formats/kv_q8_0.hpp"

namespace minnow {

inline constexpr std::int64_t kKeyGroup = 16;  // positions whose keys lie side by side

struct KvLayer {
  KvType type = KvType::kF16;
  std::int32_t n_kv_heads = 0;
  std::int32_t head_dim = 0;
  std::int32_t value_dim = 0;
  std::int64_t n_slots = 0;
  // For Q8_0 kernels/formats/kv_q8_0.hpp tells what a group of keys and a row of values hold.
  std::byte* keys = nullptr;    // [n_kv_heads][n_slots][256 / 16][head_dim][16 positions]
  std::byte* values = nullptr;  // [n_kv_heads][n_slots][256][value_dim]

  std::int64_t element_bytes() const { return type == KvType::kF16 ? 2 : 4; }  // not for Q8_0
  // Keys of 16 positions, and the value of one.
  std::int64_t key_group_bytes() const {
    return type == KvType::kQ8_0 ? kv_q8_key_group_bytes(head_dim)
                                 : element_bytes() * kKeyGroup * head_dim;
  }
  std::int64_t value_row_bytes() const {
    return type == KvType::kQ8_0 ? kv_q8_value_row_bytes(value_dim) : element_bytes() * value_dim;
  }
  std::int64_t keys_chunk_bytes() const { return kChunkPositions / kKeyGroup * key_group_bytes(); }
  std::int64_t values_chunk_bytes() const { return kChunkPositions * value_row_bytes(); }
  // Sets everything from `position` (0...255) on to zero in copies of a chunk of each kind.
  void clear_from(std::int64_t position, std::byte* keys_copy, std::byte* values_copy) const;
  std::byte* keys_chunk(std::int64_t kv_head, std::int64_t chunk) const {
    return keys + (kv_head * n_slots + chunk % n_slots) * keys_chunk_bytes();
  }
  std::byte* values_chunk(std::int64_t kv_head, std::int64_t chunk) const {
    return values + (kv_head * n_slots + chunk % n_slots) * values_chunk_bytes();
  }
};

}  // namespace minnow
