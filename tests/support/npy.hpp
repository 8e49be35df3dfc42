// Reads .npy files (little-endian float32 or float64, C order, at most two dimensions), and
// compares rows of logits with the reference.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/status.hpp"

namespace minnow::testing_support {

struct NpyMatrix {
  std::size_t n_rows = 0;  // 1 for a vector
  std::size_t n_columns = 0;
  std::vector<double> values;  // [n_rows, n_columns]; float32 widened exactly

  std::vector<float> as_floats() const { return {values.begin(), values.end()}; }
};

Status read_npy(const std::string& path, NpyMatrix& out);

// The largest |a - b|; infinity when the sizes differ or one value is not a number.
double max_abs_difference(std::span<const float> a, std::span<const float> b);
// Largest minus smallest value: what a difference of logits is held against.
double value_range(std::span<const float> values);
// The mean over the rows of KL(softmax(reference) || softmax(actual)), in nats, in float64.
double mean_kl(std::span<const float> reference, std::span<const float> actual,
               std::size_t n_columns);
// The share of rows whose largest element is at the same place.
double top1_agreement(std::span<const float> reference, std::span<const float> actual,
                      std::size_t n_columns);

}  // namespace minnow::testing_support
