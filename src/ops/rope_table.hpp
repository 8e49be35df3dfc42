// RopeTable: the angles of rotary position embedding, computed once per batch for its positions.
//
// Su et al., "RoFormer" (arXiv 2104.09864). Frequencies are base^(-2i/n_rot) rounded to float32, as
// the models' authors do; angle, sine and cosine are computed in float64 by our own functions and
// rounded once, so that every platform gets the same table (arithmetic.md, "Rope").
#pragma once

#include <cstdint>
#include <span>

namespace minnow {

// How a model stretches its positions beyond the trained ones.
struct RopeScaling {
  enum class Kind : std::uint8_t { kNone, kLinear, kYarn };
  Kind kind = Kind::kNone;
  float factor = 1.0f;            // context is stretched this many times
  float original_context = 0.0f;  // yarn: positions of the training
  float beta_fast = 32.0f;        // yarn: rotations above which nothing is stretched
  float beta_slow = 1.0f;         // yarn: rotations below which everything is
  float attention_factor = 1.0f;  // multiplies sine and cosine
};

// Writes the n_rot / 2 frequencies of a layer. factors: what the file divides each frequency by
// (rope_freqs.weight, llama 3 and longrope), or empty.
void rope_frequencies(int n_rot, float base, const RopeScaling& scaling,
                      std::span<const float> factors, float* frequencies);

// cos and sin [n_positions, n_rot / 2] for positions first, first + 1, ...
void rope_angles(std::span<const float> frequencies, float attention_factor, std::int64_t first,
                 std::int64_t n_positions, float* cos, float* sin) noexcept;

}  // namespace minnow
