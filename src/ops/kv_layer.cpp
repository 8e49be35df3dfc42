#include "ops/kv_layer.hpp"

#include <cstring>

namespace minnow {

void KvLayer::clear_from(std::int64_t position, std::byte* keys_copy,
                         std::byte* values_copy) const {
  constexpr std::int64_t kGroup = 16;  // positions that lie side by side in the keys
  const std::int64_t row = value_dim * element_bytes();
  std::memset(values_copy + position * row, 0,
              static_cast<std::size_t>((kChunkPositions - position) * row));
  for (std::int64_t p = position; p < kChunkPositions; ++p) {
    std::byte* const group = keys_copy + p / kGroup * kGroup * head_dim * element_bytes();
    for (std::int64_t d = 0; d < head_dim; ++d)
      std::memset(group + (d * kGroup + p % kGroup) * element_bytes(), 0,
                  static_cast<std::size_t>(element_bytes()));
  }
}

}  // namespace minnow
