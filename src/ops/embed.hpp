// Token embeddings: one row of a table, decoded to floats and scaled.
#pragma once

#include <cstdint>

#include "base/token.hpp"
#include "kernels/api/kernel_table.hpp"
#include "tensor/weight_matrix.hpp"

namespace minnow {

// x [table.k] = embedding of `token` * scale. row_buffer: row_bytes(format, k), for packed tables.
void embed(const KernelTable& kernels, const EmbeddingTable& table, Token token, float scale,
           std::byte* row_buffer, float* x) noexcept;

}  // namespace minnow
