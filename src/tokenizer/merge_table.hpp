// MergeTable: which two tokens merge into which, and how early. The ids of the pair are the key, so
// that encoding never touches a string.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <vector>

#include "base/token.hpp"

namespace minnow {

struct Merge {
  std::uint32_t rank;  // lower merges first
  Token token;         // kNoToken: the pair does not merge
};

// Filled once, then immutable and safe to share between threads.
class MergeTable {
 public:
  explicit MergeTable(std::pmr::memory_resource* memory) : slots_(memory) {}

  void reserve(std::size_t n_merges) {
    slots_.assign(std::bit_ceil(n_merges + n_merges / 2 + 2), Slot{});
    shift_ = 64 - std::countr_zero(slots_.size());
  }

  // Adds a merge, at most as many as reserved; a pair that is known keeps its first rank.
  void insert(Token left, Token right, Merge merge) {
    Slot& slot = slots_[locate(left, right)];
    if (slot.left == kNoToken) slot = {left, right, merge.rank, merge.token};
  }

  // Fetches the memory that insert and find will need for this pair.
  void prefetch(Token left, Token right) const {
    __builtin_prefetch(&slots_[first_slot(left, right)]);
  }

  Merge find(Token left, Token right) const {
    if ((left | right) < 0) return {0, kNoToken};
    const Slot& slot = slots_[locate(left, right)];
    return {slot.rank, slot.token};
  }

 private:
  struct Slot {
    Token left = kNoToken;
    Token right = kNoToken;
    std::uint32_t rank = 0;
    Token token = kNoToken;
  };

  std::size_t first_slot(Token left, Token right) const {
    const std::uint64_t key = static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 |
                              static_cast<std::uint32_t>(right);
    const std::uint64_t mixed = (key ^ key >> 29) * 0x9E3779B97F4A7C15u;
    return static_cast<std::size_t>(mixed >> shift_);
  }

  // Returns the slot of the pair, or the empty one where it would be.
  std::size_t locate(Token left, Token right) const {
    std::size_t slot = first_slot(left, right);
    while (slots_[slot].left != kNoToken &&
           (slots_[slot].left != left || slots_[slot].right != right)) {
      slot = (slot + 1) & (slots_.size() - 1);
    }
    return slot;
  }

  std::pmr::vector<Slot> slots_;
  int shift_ = 63;
};

}  // namespace minnow
