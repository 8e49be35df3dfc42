// The table of a layer's tensors: name, when a file must have it, shape, and which members of
// LayerWeights it becomes. weight_bindings.cpp holds files to it.
#pragma once

#include <cstdint>
#include <span>

#include "model/model_config.hpp"
#include "model/model_weights.hpp"

namespace minnow {

// Sizes by name; size_of() turns them into numbers for a model.
enum class Size {
  kNone,
  kOne,
  kEmbd,
  kQ,
  kK,
  kV,
  kAttended,
  kHeads,
  kKvHeads,
  kHeadDim,
  kFeedForward,
  kExperts,
  kExpertFeedForward,
  kSharedFeedForward,
  kVocab,
  kContext,
  kTokenTypes,
  kHalfRot,
  kRelativeBuckets,
  kDenseHidden,
  kDenseOut,
  kLabels
};

// When a file must have a tensor; need_of() decides.
enum class When {
  kOptional,  // in all layers or in none
  kOneNorm,   // one norm for both blocks, or none but its own for attention
  kOneNormBias,
  kTwoNorms,  // falcon's style: attn_norm_2 is attention's, attn_norm the feed-forward's
  kFfnNorm,
  kFfnNormBias,
  kPostNorm,
  kSumNorm,
  kSumNormBias,
  kSharedHeadNorm,
  kRowHeadNorm,
  kOwnHeadNorm,
  kSplitQkv,
  kSplitQkvBias,
  kFusedQkv,
  kFusedQkvBias,
  kOutput,
  kShortOutput,  // the same matrix, under the shorter of its two names
  kRelativeBias,
  kCross,
  kDense,
  kGate,
  kGateBias,
  kUp,
  kUpBias,
  kFusedUp,
  kFusedUpBias,
  kDenseBias,
  kExperts,
  kSharedExpert
};

enum class Need { kNone, kOptional, kRequired };

// A tensor holds one matrix, or up to three on top of each other.
struct MatrixPart {
  WeightMatrix LayerWeights::*member = nullptr;
  Size rows = Size::kNone;
};
struct LayerMatrix {
  const char* name;  // after "blk.<layer>.", or what the stack calls that
  When when;
  Size k;
  MatrixPart parts[3];
  Size slices = Size::kOne;
  const char* split_name =
      nullptr;  // what old files call a slice of their own: <this>.<slice>.weight
};

struct VectorPart {
  VectorView LayerWeights::*member = nullptr;
  Size n = Size::kNone;
};
struct LayerVector {
  const char* name;
  When when;
  VectorPart parts[3];
  Size rows = Size::kOne;  // a vector of n for each of these
};

// What binding finds out about a file before it looks at single tensors.
struct TensorFacts {
  bool fused_qkv = false;     // some layer has attn_qkv.weight
  bool two_norms = false;     // some layer has attn_norm_2.weight
  bool short_output = false;  // some layer has attn_o.weight
};

std::int64_t size_of(Size size, const ModelConfig& config);
// Whether layer `i` may have the tensor at all.
bool concerns(When when, std::int64_t i, const ModelConfig& config);
Need need_of(When when, const ModelConfig& config, const TensorFacts& facts);

// In the order in which a forward pass reads them, the small ones first.
std::span<const LayerVector> layer_vectors();
std::span<const LayerMatrix> layer_matrices();

}  // namespace minnow
