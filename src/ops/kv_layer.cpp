#include "ops/kv_layer.hpp"

#include <algorithm>
#include <cstring>

namespace minnow {

namespace {

// Lane `lane` of `n` vectors of 16 elements.
void clear_lane(std::byte* vectors, std::int64_t n, std::int64_t lane, std::int64_t bytes) {
  for (std::int64_t i = 0; i < n; ++i)
    std::memset(vectors + (i * kKeyGroup + lane) * bytes, 0, static_cast<std::size_t>(bytes));
}

}  // namespace

void KvLayer::clear_from(std::int64_t position, std::byte* keys_copy,
                         std::byte* values_copy) const {
  std::memset(values_copy + position * value_row_bytes(), 0,
              static_cast<std::size_t>((kChunkPositions - position) * value_row_bytes()));
  for (std::int64_t p = position; p < kChunkPositions; ++p) {
    std::byte* const group = keys_copy + p / kKeyGroup * key_group_bytes();
    if (type != KvType::kQ8_0) {
      clear_lane(group, head_dim, p % kKeyGroup, element_bytes());
      continue;
    }
    for (std::int64_t d = 0; d < head_dim; d += kKvBlock) {
      std::byte* const block = group + d / kKvBlock * kv_q8_key_block_bytes();
      clear_lane(block, 1, p % kKeyGroup, 2);
      clear_lane(block + 2 * kKeyGroup, std::min(kKvBlock, head_dim - d), p % kKeyGroup, 1);
    }
  }
}

}  // namespace minnow
