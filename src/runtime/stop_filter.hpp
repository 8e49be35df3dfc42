// StopFilter: lets generated text through until one of the stop texts appears, holding back only
// what could still become one.
#pragma once

#include <algorithm>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>

namespace minnow {

class StopFilter {
 public:
  // Takes the memory for pieces of up to most_bytes. The stop texts must outlive the filter.
  StopFilter(std::span<const std::string> stops, std::size_t most_bytes,
             std::pmr::memory_resource* memory)
      : stops_(stops), held_(memory) {
    held_.reserve(longest() + most_bytes);
  }

  // The most that one call appends: what was held back and a piece.
  std::size_t capacity() const { return held_.capacity(); }

  // Adds text; appends to `out` what is safe to show. True when a stop text was met: nothing comes
  // after that.
  bool feed(std::string_view text, std::pmr::string& out) {
    held_.append(text);
    std::size_t first = std::string::npos;
    for (const std::string& stop : stops_) first = std::min(first, held_.find(stop));
    if (first != std::string::npos) {
      out.append(held_, 0, first);
      held_.clear();
      return true;
    }
    std::size_t keep = 0;
    for (const std::string& stop : stops_) keep = std::max(keep, overlap(stop));
    out.append(held_, 0, held_.size() - keep);
    held_.erase(0, held_.size() - keep);
    return false;
  }

  // The end of the text: nothing can become a stop text any more.
  void flush(std::pmr::string& out) {
    out.append(held_);
    held_.clear();
  }

  // Forgets what is held back.
  void reset() { held_.clear(); }

 private:
  std::size_t longest() const {
    std::size_t n = 0;
    for (const std::string& stop : stops_) n = std::max(n, stop.size());
    return n;
  }

  // The longest end of held_ that is a beginning of `stop`.
  std::size_t overlap(std::string_view stop) const {
    const std::string_view held(held_);
    for (std::size_t n = std::min(stop.size() - 1, held.size()); n > 0; --n) {
      if (held.substr(held.size() - n) == stop.substr(0, n)) return n;
    }
    return 0;
  }

  std::span<const std::string> stops_;
  std::pmr::string held_;
};

}  // namespace minnow
