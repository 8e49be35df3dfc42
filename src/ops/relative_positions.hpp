// Relative positions in place of absolute ones: a score gains a learned value by the distance
// between key and query. Raffel et al., "Exploring the Limits of Transfer Learning" (arXiv
// 1910.10683), section 2.1: near distances have a bucket each, far ones share buckets that grow
// with their logarithm. The buckets are integers and computed once a session, so every platform has
// the same.
#pragma once

#include <cstdint>

#include "ops/attend.hpp"

namespace minnow {

// The bucket, in 0 ... n_buckets - 1, of a key that stands `distance` behind its query (negative:
// before it). both_ways: half of the buckets are for keys behind; otherwise those fall into bucket
// 0.
std::int32_t relative_bucket(std::int64_t distance, std::int32_t n_buckets, bool both_ways);

// Floats that expand_relative_bias() writes for contexts of n_ctx positions.
std::int64_t relative_bias_size(std::int64_t n_ctx, std::int32_t n_heads);

// Writes each head's values for every distance to `out`. weights: [n_buckets, n_heads]
void expand_relative_bias(const float* weights, std::int32_t n_buckets, bool both_ways,
                          std::int64_t n_ctx, std::int32_t n_heads, float* out);

// What expand_relative_bias() wrote, as attention reads it.
RelativeBias relative_bias_view(const float* values, std::int64_t n_ctx);

}  // namespace minnow
