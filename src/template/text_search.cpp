// Short needles cost at most their length per byte; only longer ones need the table.
#include "template/text_search.hpp"

#include <cstdint>

namespace minnow {
namespace {
constexpr std::size_t kShort = 16;
}

TextSearch::TextSearch(std::string_view needle, std::pmr::memory_resource* memory)
    : needle_(needle), borders_(memory) {
  if (needle.size() <= kShort) return;
  borders_.resize(needle.size());
  std::uint32_t length = 0;
  for (std::size_t i = 1; i < needle.size(); ++i) {
    while (length > 0 && needle[i] != needle[length]) length = borders_[length - 1];
    if (needle[i] == needle[length]) ++length;
    borders_[i] = length;
  }
}

std::size_t TextSearch::find(std::string_view text, std::size_t from) const {
  if (borders_.empty()) return text.find(needle_, from);
  std::size_t length = 0;
  for (std::size_t i = from; i < text.size(); ++i) {
    while (length > 0 && text[i] != needle_[length]) length = borders_[length - 1];
    if (text[i] == needle_[length]) ++length;
    if (length == needle_.size()) return i + 1 - length;
  }
  return std::string_view::npos;
}

}  // namespace minnow
