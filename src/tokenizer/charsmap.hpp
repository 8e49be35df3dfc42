// Charsmap: the precompiled normaliser of SentencePiece models, a file inside the model file. It is
// a double-array trie of character sequences with their replacements. Nothing in it is trusted:
// build() checks the frame, every step of a walk is checked against the array, and walks and
// replacements have an end, so a hostile map can give odd text but not more.
//
// Layout, little-endian: u32 n_trie_bytes, that many bytes of u32 units, then the replacements,
// each ended by a zero byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <string_view>
#include <vector>

#include "base/status.hpp"

namespace minnow {

class Charsmap {
 public:
  explicit Charsmap(std::pmr::memory_resource* memory) : units_(memory), replacements_(memory) {}

  // Takes over `bytes`; empty means no map. kBadFile with a message when the frame is damaged.
  Status build(std::string_view bytes);

  // Finds the longest entry that `text` begins with. Returns how many bytes it covers, 0 for none;
  // *replacement is then what stands for them (possibly empty).
  // Looks at no more than kMaxMatchBytes.
  static constexpr std::size_t kMaxMatchBytes = 64;
  std::size_t match(std::string_view text, std::string_view* replacement) const;

 private:
  std::pmr::vector<std::uint32_t> units_;
  std::pmr::vector<char> replacements_;
};

}  // namespace minnow
