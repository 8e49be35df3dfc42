// WorkSplit: cuts the units of a job (groups of rows) into items for threads that claim them one by
// one.
//
// Each thread has a stretch of its own (ThreadPool's lanes), and of that stretch the first item is
// a half, the next a half of what is left, and so on: long items first, which memory likes, and
// small ones at the end, which others can take over, so that all finish together even if one is
// slower or busy with other work. After Hummel et al., "Factoring: A Method for Scheduling Parallel
// Loops" (CACM 35(8), 1992).
#pragma once

#include <algorithm>
#include <cstdint>

namespace minnow {

class WorkSplit {
 public:
  struct Range {
    std::int64_t first;
    std::int64_t n;  // may be 0
  };

  // No item but the last of a stretch has fewer than `least` units.
  WorkSplit(std::int64_t n_units, std::int64_t least, int n_threads)
      : n_units_(n_units),
        least_(std::max<std::int64_t>(least, 1)),
        n_lanes_(std::clamp<std::int64_t>(n_units / least_, 1, n_threads)) {
    for (std::int64_t left = units_per_lane(); left > 0; left -= piece_of(left)) ++lane_items_;
  }

  std::int64_t n_items() const { return n_lanes_ * lane_items_; }
  std::int64_t n_lanes() const { return n_lanes_; }
  // Of the longest stretch.
  std::int64_t units_per_lane() const { return (n_units_ + n_lanes_ - 1) / n_lanes_; }

  Range item(std::int64_t i) const {
    const std::int64_t lane = i / lane_items_;
    std::int64_t first = lane * n_units_ / n_lanes_;
    const std::int64_t end = (lane + 1) * n_units_ / n_lanes_;
    for (std::int64_t n = i % lane_items_; n > 0 && first < end; --n)
      first += piece_of(end - first);
    return first < end ? Range{first, piece_of(end - first)} : Range{end, 0};
  }

 private:
  std::int64_t piece_of(std::int64_t left) const {
    return std::min(left, std::max(least_, (left + 1) / 2));
  }

  std::int64_t n_units_;
  std::int64_t least_;
  std::int64_t n_lanes_;
  std::int64_t lane_items_ = 0;  // of the longest
};

}  // namespace minnow
