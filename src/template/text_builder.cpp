// Growth by doubling, asking the Evaluation before each growth.
#include "template/text_builder.hpp"

#include <algorithm>

namespace minnow {

bool TextBuilder::make_room(std::size_t more) {
  const std::size_t needed = text_.size() + more;
  if (text_.spans().size() > evaluation_.limits().max_items) {
    return evaluation_.room_for_items(text_.spans().size());
  }
  if (needed <= capacity_) return true;
  const std::size_t most = evaluation_.limits().max_string_bytes;
  return reserve(needed > most ? needed : std::min(std::max(needed, 2 * capacity_), most));
}

bool TextBuilder::pad(std::size_t n, std::string_view fill) {
  if (n > evaluation_.limits().max_string_bytes) return evaluation_.room_for(n);
  if (!make_room(n * fill.size())) return false;
  std::string block;
  for (std::size_t i = 0; i < 64; ++i) block.append(fill);
  for (; n >= 64; n -= 64) text_.append(block, false);
  for (; n > 0; --n) text_.append(fill, false);
  return true;
}

}  // namespace minnow
