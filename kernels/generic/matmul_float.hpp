// Products with F32, F16 and BF16 weights, packed [groups][k][16 rows].
#pragma once

#include <cstdint>

#include "kernels/api/kernel_table.hpp"
#include "kernels/generic/products.hpp"

namespace minnow::generic {

// Rows in panels that stay in the L1 cache while all tokens pass. One token, or few, take as many
// groups at a time as their tile does, so that memory is read in few long streams.
template <class L, class Element>
void matmul_elements(const MatmulArgs& args, float* panel) {
  const Element* weights = static_cast<const Element*>(args.weights);
  const std::int64_t panel_rows = args.n_tokens == 1 ? args.n_rows : 16 * kPanelGroups;
  for (std::int64_t begin = 0; begin < args.n_rows; begin += panel_rows) {
    const std::int64_t left = args.n_rows - begin;
    DotTile<Element> tile{};
    tile.weights = weights + begin * args.k;
    tile.group_stride = args.k * 16;
    tile.n_rows = left < panel_rows ? left : panel_rows;
    tile.out_stride = args.out_stride;
    for (std::int64_t t = 0; t < args.n_tokens; t += L::kTileTokens) {
      const std::int64_t n_tokens = args.n_tokens - t;
      tile.n_tokens = static_cast<int>(n_tokens < L::kTileTokens ? n_tokens : L::kTileTokens);
      tile.out = args.out + t * args.out_stride + begin;
      const float* x = args.x_float + t * args.x_stride;
      const auto row = [&](int i) { return x + i * args.x_stride; };
      dot_rows<L>(tile, args.k, row, panel);
    }
  }
}

template <class L>
void matmul_float(Format format, const MatmulArgs& args, void* scratch) {
  float* panel = static_cast<float*>(scratch);
  if (format == Format::kF32) matmul_elements<L, float>(args, panel);
  if (format == Format::kF16) matmul_elements<L, Half>(args, panel);
  if (format == Format::kBF16) matmul_elements<L, Brain>(args, panel);
}

}  // namespace minnow::generic
