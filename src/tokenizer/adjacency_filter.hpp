// AdjacencyFilter: which two characters stand side by side inside some piece of a vocabulary.
// Between two that never do, no merge can cross, so a text falls into short chunks that are encoded
// alone
// ("…l" and " t…" in nearly every vocabulary). Exact for ASCII; elsewhere it may answer true too
// often, which only makes a chunk longer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <string_view>
#include <vector>

#include "tokenizer/utf8.hpp"

namespace minnow {

class AdjacencyFilter {
 public:
  explicit AdjacencyFilter(std::pmr::memory_resource* memory) : hashed_(memory) {}

  // Adds all neighbours inside `piece`.
  void add(std::string_view piece) {
    if (hashed_.empty()) hashed_.resize(kHashedBits / 64);
    char32_t previous = kNoChar;
    for (std::size_t at = 0; at < piece.size();) {
      const Utf8Char c = decode_utf8(piece.data() + at, piece.size() - at);
      if (previous != kNoChar) mark(previous, c.code);
      previous = c.code;
      at += c.n_bytes;
    }
  }

  // Returns false when no piece has these two side by side.
  bool may_join(char32_t left, char32_t right) const {
    if ((left | right) < 128) return ascii_[left * 2 + right / 64] >> (right % 64) & 1;
    if (hashed_.empty()) return false;
    const std::size_t bit = hashed_bit(left, right);
    return hashed_[bit / 64] >> (bit % 64) & 1;
  }

 private:
  static constexpr char32_t kNoChar = ~char32_t{0};
  static constexpr std::size_t kHashedBits = std::size_t{1} << 21;

  static std::size_t hashed_bit(char32_t left, char32_t right) {
    const std::uint64_t key = std::uint64_t{left} << 32 | right;
    return static_cast<std::size_t>((key ^ key >> 23) * 0x9E3779B97F4A7C15u >> 43);
  }
  void mark(char32_t left, char32_t right) {
    if ((left | right) < 128) {
      ascii_[left * 2 + right / 64] |= std::uint64_t{1} << (right % 64);
      return;
    }
    const std::size_t bit = hashed_bit(left, right);
    hashed_[bit / 64] |= std::uint64_t{1} << (bit % 64);
  }

  std::uint64_t ascii_[256] = {};
  std::pmr::vector<std::uint64_t> hashed_;
};

}  // namespace minnow
