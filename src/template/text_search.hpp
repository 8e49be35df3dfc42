// TextSearch: finds a string in another in linear time, whatever the two are.
// (std::string_view::find is quadratic for texts like "aaa…", which users may send.)
#pragma once

#include <memory_resource>
#include <string_view>
#include <vector>

namespace minnow {

class TextSearch {
 public:
  // `needle` outlives the search.
  TextSearch(std::string_view needle, std::pmr::memory_resource* memory);
  // The first occurrence at or behind `from`, or npos.
  std::size_t find(std::string_view text, std::size_t from) const;

 private:
  std::string_view needle_;
  // For long needles, Knuth-Morris-Pratt: [needle.size()], length of the longest proper prefix that
  // ends here, too.
  std::pmr::vector<std::uint32_t> borders_;
};

}  // namespace minnow
