// Adapters: low-rank corrections of some matrices, y += scale * B (A x), in float, after the base
// product and before the bias, in the order of attachment (arithmetic.md, "After a matmul"). Hu et
// al., "LoRA: Low-Rank Adaptation of Large Language Models" (arXiv 2106.09685). The base weights
// stay as they are, so sessions with and without adapters share them.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <span>
#include <vector>

#include "ops/matmul.hpp"

namespace minnow {

// The correction of one matrix. A and B have float formats.
struct AdapterPair {
  const std::byte* base = nullptr;  // data of the matrix that it belongs to: its identity
  WeightMatrix a;                   // [rank, k]
  WeightMatrix b;                   // [n_rows, rank]
};

// What is attached, in order, and the memory for applying it to a batch. Views: the session owns
// the memory, the adapters own the pairs.
struct AdapterSet {
  struct Use {
    AdapterPair pair;
    float scale = 0;
  };

  explicit AdapterSet(std::pmr::memory_resource* memory) : uses(memory) {}

  bool adapts(const WeightMatrix& weights) const;
  bool adapts(std::span<const Product> products) const;

  std::pmr::vector<Use> uses;  // by base; those of one base in the order of attachment
  float* low = nullptr;        // [n_tokens, rank] of the largest batch and rank: A x
  float* delta = nullptr;      // [n_tokens, n_rows] of the largest product: B (A x)
  float* second = nullptr;     // [n_tokens, n_rows]: the second factor of a gated product
};

// As multiply() and multiply_gated() (ops/matmul.hpp), which call these when one of the products is
// adapted.
void multiply_adapted(const OpContext& context, const AdapterSet& adapters,
                      std::span<const Product> products, const ActivationRows& x) noexcept;
void multiply_gated_adapted(const OpContext& context, const AdapterSet& adapters,
                            const GatedProduct& product, const ActivationRows& x) noexcept;

}  // namespace minnow
