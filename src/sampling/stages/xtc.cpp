// XTC, "exclude top choices" (by p-e-w): with the given probability, drops all candidates that
// reach the threshold except the least likely of them.
#include <algorithm>

#include "sampling/philox.hpp"
#include "sampling/stage.hpp"

namespace minnow {
namespace {

constexpr std::uint32_t kXtcPurpose = 1;  // see sampler.cpp: the last draw is 0

}  // namespace

void apply_xtc(StageState& state, Candidates& candidates) {
  const SamplingValues& v = state.values;
  if (v.xtc_probability <= 0.0f || v.xtc_threshold > 0.5f) return;
  if (unit_interval(random_bits(v.seed, state.position, kXtcPurpose)) >= v.xtc_probability) return;

  candidates.collect();
  const double limit =
      static_cast<double>(v.xtc_threshold) * static_cast<double>(candidates.weigh());
  const auto is_top = [limit](const Candidate& c) {
    return static_cast<double>(mass_of(c)) >= limit;
  };
  const std::span<Candidate> records = candidates.records();
  size_t n_top = 0;
  Candidate last{};
  for (const Candidate& c : records) {
    if (!is_top(c)) continue;
    if (n_top++ == 0 || comes_before(last, c)) last = c;
  }
  if (n_top < 2 || records.size() - (n_top - 1) < static_cast<size_t>(v.min_keep)) return;
  const auto end = std::remove_if(records.begin(), records.end(),
                                  [&](const Candidate& c) { return is_top(c) && c.id != last.id; });
  candidates.truncate(static_cast<size_t>(end - records.begin()));
}

LogitsNeed xtc_needs(const SamplingValues& v) {
  return needs_all_unless(v.xtc_probability <= 0.0f || v.xtc_threshold > 0.5f);
}

}  // namespace minnow
