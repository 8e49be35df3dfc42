#include "ops/embed.hpp"

#include "format/format_traits.hpp"

namespace minnow {

void embed(const KernelTable& kernels, const EmbeddingTable& table, Token token, float scale,
           std::byte* row_buffer, float* x) noexcept {
  const std::byte* row = nullptr;
  if (!table.packed) {
    row = table.file_rows + token * row_bytes(table.format, table.k);
  } else if (table.packed.is_split) {
    kernels.join_row(table.packed.split(), token, row_buffer);
    row = row_buffer;
  } else if (table.packed.is_tiles()) {
    const std::int64_t group = token / kGroupRows * kGroupRows;
    kernels.unpack_row(table.format, table.packed.group_at(group), token % kGroupRows, table.k,
                       row_buffer);
    row = row_buffer;
  } else {
    row = table.packed.data + token * table.packed.row_bytes();
  }
  decode_row(table.format, row, table.k, x);
  if (scale != 1.0f) kernels.scale(x, scale, table.k, x);
}

}  // namespace minnow
