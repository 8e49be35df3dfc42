// StopFilter: lets generated text through until one of the stop texts appears, holding back only
// what could still become one.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>

namespace minnow {

class StopFilter {
 public:
  explicit StopFilter(std::span<const std::string> stops) : stops_(stops) {}

  // Adds text; appends to `out` what is safe to show. True when a stop text was met: nothing comes
  // after that.
  bool feed(std::string_view text, std::string& out) {
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
  void flush(std::string& out) {
    out.append(held_);
    held_.clear();
  }

 private:
  // The longest end of held_ that is a beginning of `stop`.
  std::size_t overlap(std::string_view stop) const {
    const std::string_view held(held_);
    for (std::size_t n = std::min(stop.size() - 1, held.size()); n > 0; --n) {
      if (held.substr(held.size() - n) == stop.substr(0, n)) return n;
    }
    return 0;
  }

  std::span<const std::string> stops_;
  std::string held_;
};

}  // namespace minnow
