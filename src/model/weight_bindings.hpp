// Which tensor of a file becomes which member of ModelWeights, with which shape: one table
// (weight_bindings.cpp). Binding checks all of a model's tensors and reports everything that is
// missing or has another shape in one message; nothing is loaded here.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <vector>

#include "base/status.hpp"
#include "io/gguf.hpp"
#include "model/model_config.hpp"
#include "model/model_weights.hpp"

namespace minnow {

// Some rows of a tensor to be stored, in the order in which a forward pass reads them. Exactly one
// target is set.
struct BoundTensor {
  const GgufTensor* tensor = nullptr;
  Format format = Format::kF32;
  std::uint64_t offset = 0;        // of the first row, in the file
  std::int64_t n_rows = 0;         // of one slice
  std::int64_t k = 0;              // elements of a row
  std::int64_t n_slices = 1;       // matrices of the same shape, one after another: experts
  std::int64_t n_slices_read = 1;  // of them, what a token needs
  WeightMatrix* matrix = nullptr;  // packed
  bool is_split = false;           // the matrix is stored as two planes
  VectorView* vector = nullptr;    // decoded to float32
  bool in_file = false;            // a matrix that stays where the file has it
  bool is_one_of_several = false;  // and must lie behind the one before, which it may not in the file
};

struct BoundModel {
  explicit BoundModel(std::pmr::memory_resource* memory) : tensors(memory) {}
  std::pmr::vector<BoundTensor> tensors;
  const GgufTensor* token_embedding = nullptr;
  Format token_embedding_format = Format::kF32;
  bool tied = false;  // the output head is the token embedding
};

// weights.layers gets its size here; `out` points into `weights`, which must not move afterwards.
Status bind_weights(const Gguf& gguf, const ModelConfig& config, ModelWeights& weights,
                    BoundModel& out);

// Stores the output head as two planes if its format can be: for screening.
void split_head(const ModelWeights& weights, BoundModel& bound);

}  // namespace minnow
