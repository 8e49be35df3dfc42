// Entropy of the candidates, summed in whole numbers: exact, so independent of their order.
#pragma once

#include <cstdint>

#include "sampling/candidates.hpp"

namespace minnow {

struct Entropy {
  std::uint64_t total;  // mass
  double log_total;     // log of the total in units of the best one's mass
  double nats;
};

// Weighs the records (the candidates must not be dense).
inline Entropy entropy_of(Candidates& candidates) {
  const std::uint64_t total = candidates.weigh();
  const float best = candidates.best_logit();
  std::uint64_t sum = 0;  // of mass * (best - logit): below 2^57, because x * exp(-x) < 1
  for (const Candidate& c : candidates.records()) {
    const double term = static_cast<double>(mass_of(c)) * (static_cast<double>(best) - c.logit);
    sum += static_cast<std::uint64_t>(term);
  }
  const double log_total = log_double(static_cast<double>(total) / kMassOne);
  return {total, log_total, log_total + static_cast<double>(sum) / static_cast<double>(total)};
}

}  // namespace minnow
