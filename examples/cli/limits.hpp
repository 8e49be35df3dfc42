// What the machine can do at most, and how much of it a speed is.
#pragma once

#include <string>

#include "figures.hpp"

namespace minnow::program {

// minnow_runtime_measure() as JSON: half a second.
Json measure_limits(minnow_runtime* runtime);

// `n` tokens after `depth` others.
struct TokenRange {
  std::int64_t depth, n;
};

// Of reading a prompt at `rate` tokens a second: the integer and float units, which weights and
// attention need one after the other.
double percent_of_peaks(const minnow_model* model, const Json& limits, TokenRange tokens,
                        double rate);

// What decoding a token reads, on average: weights, and keys and values in the window.
double bytes_per_token(const minnow_model* model, const std::string& kv_type, TokenRange tokens);

// Of decoding at `rate` tokens a second: reading those bytes.
double percent_of_bandwidth(const minnow_model* model, const Json& limits,
                            const std::string& kv_type, TokenRange tokens, double rate);

}  // namespace minnow::program
