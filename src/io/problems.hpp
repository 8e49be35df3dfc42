// Problems: what is wrong with a file, gathered into one Status, so that its user mends everything
// in one go. The list is bounded: a hostile file cannot make the message grow.
#pragma once

#include <string>
#include <string_view>

#include "base/quoted.hpp"
#include "base/status.hpp"

namespace minnow {

class Problems {
 public:
  static constexpr int kMostNamed = 16;

  template <class... Pieces>
  void add(const Pieces&... pieces) {
    n_found_ += 1;
    if (n_found_ > kMostNamed) return;
    if (!text_.empty()) text_ += "; ";
    text_ += join(pieces...);
  }

  bool none() const { return n_found_ == 0; }

  // Ok when nothing was added, else `code` and "'file': first; second; … and 12 more".
  Status status(StatusCode code, std::string_view file_name) const {
    if (none()) return {};
    if (n_found_ <= kMostNamed) return error(code, path_in_quotes(file_name), ": ", text_);
    return error(code, path_in_quotes(file_name), ": ", text_, "; and ", n_found_ - kMostNamed,
                 " more");
  }

 private:
  std::string text_;
  int n_found_ = 0;
};

}  // namespace minnow
