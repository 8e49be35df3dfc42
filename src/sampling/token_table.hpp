// TokenTable: a map from tokens to int32, of a capacity fixed at creation.
//
// Open addressing with linear probing and deletion by moving back; never more than half full, so
// that a look-up costs a few steps. Allocates in the constructor only.
#pragma once

#include <bit>
#include <cstdint>
#include <memory_resource>
#include <vector>

#include "base/token.hpp"

namespace minnow {

class TokenTable {
 public:
  TokenTable(size_t max_entries, std::pmr::memory_resource* memory)
      : slots_(std::bit_ceil(2 * max_entries + 2), memory) {}

  size_t size() const { return size_; }

  const std::int32_t* find(Token token) const {
    const Slot& slot = slots_[place(token)];
    return slot.token == token ? &slot.value : nullptr;
  }

  // Returns the token's value, first made 0 if it is new. The caller keeps to max_entries.
  std::int32_t& operator[](Token token) {
    Slot& slot = slots_[place(token)];
    if (slot.token != token) {
      slot = {token, 0};
      ++size_;
    }
    return slot.value;
  }

  void erase(Token token) {
    size_t hole = place(token);
    if (slots_[hole].token != token) return;
    --size_;
    const size_t last = slots_.size() - 1;
    for (size_t next = (hole + 1) & last; slots_[next].token != kNoToken;
         next = (next + 1) & last) {
      // An entry may move into the hole unless its home lies behind the hole.
      if (((next - home(slots_[next].token)) & last) >= ((next - hole) & last)) {
        slots_[hole] = slots_[next];
        hole = next;
      }
    }
    slots_[hole].token = kNoToken;
  }

  void clear() {
    if (size_ == 0) return;
    for (Slot& slot : slots_) slot.token = kNoToken;
    size_ = 0;
  }

  // Calls visit(token, value) for every entry, in no meaningful order.
  template <class Visit>
  void each(Visit visit) const {
    if (size_ == 0) return;
    for (const Slot& slot : slots_) {
      if (slot.token != kNoToken) visit(slot.token, slot.value);
    }
  }

 private:
  struct Slot {
    Token token = kNoToken;
    std::int32_t value = 0;
  };

  size_t home(Token token) const {
    const std::uint32_t hash = static_cast<std::uint32_t>(token) * 2654435769u;
    return (hash ^ hash >> 15) & (slots_.size() - 1);
  }
  // Where the token is, or would go.
  size_t place(Token token) const {
    size_t i = home(token);
    while (slots_[i].token != token && slots_[i].token != kNoToken)
      i = (i + 1) & (slots_.size() - 1);
    return i;
  }

  std::pmr::vector<Slot> slots_;
  size_t size_ = 0;
};

}  // namespace minnow
