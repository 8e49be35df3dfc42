// WorkSplit: cuts the units of a job (groups of rows) into items for threads that claim them one by
// one.
//
// Each round hands out half of what is left in as many equal pieces as there are threads, so a
// thread reads long stretches first, which memory likes, and small ones at the end, so that all
// finish together even if one is slower or busy with other work. Hummel et al., "Factoring: A
// Method for Scheduling Parallel Loops" (CACM 35(8), 1992).
#pragma once

#include <algorithm>
#include <cstdint>

namespace minnow {

class WorkSplit {
 public:
  struct Range {
    std::int64_t first;
    std::int64_t n;
  };

  // No item but the last has fewer than `least` units.
  WorkSplit(std::int64_t n_units, std::int64_t least, int n_threads)
      : n_units_(n_units), least_(std::max<std::int64_t>(least, 1)), n_threads_(n_threads) {
    for (std::int64_t left = n_units_; left > 0;) {
      const std::int64_t piece = piece_of(left);
      n_items_ += std::min((left + piece - 1) / piece, n_threads_);
      left -= piece * n_threads_;
    }
  }

  std::int64_t n_items() const { return n_items_; }

  Range item(std::int64_t i) const {
    std::int64_t first = 0;
    for (;;) {
      const std::int64_t piece = piece_of(n_units_ - first);
      if (i < n_threads_) {
        first += i * piece;
        return {first, std::min(piece, n_units_ - first)};
      }
      i -= n_threads_;
      first += n_threads_ * piece;
    }
  }

 private:
  std::int64_t piece_of(std::int64_t left) const {
    return std::max(least_, (left + 2 * n_threads_ - 1) / (2 * n_threads_));
  }

  std::int64_t n_units_;
  std::int64_t least_;
  std::int64_t n_threads_;
  std::int64_t n_items_ = 0;
};

}  // namespace minnow
