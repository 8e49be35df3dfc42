// TextTrie: byte strings with a token each, walked byte by byte. Serves where the longest or every
// match at a position of a text is asked: special tokens, WordPiece, Unigram. A walk costs one
// look-up a byte and never goes deeper than the longest string.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <string_view>
#include <vector>

#include "base/token.hpp"

namespace minnow {

class TextTrie {
 public:
  using Node = std::uint32_t;
  static constexpr Node kRoot = 0;
  static constexpr Node kNoNode = ~Node{0};

  explicit TextTrie(std::pmr::memory_resource* memory) : slots_(memory), tokens_(memory) {
    tokens_.push_back(kNoToken);
    grow(64);
  }

  // Adds `text` (not empty); the first token given for a text stays.
  void insert(std::string_view text, Token token) {
    Node node = kRoot;
    for (const char c : text) node = child_or_new(node, static_cast<unsigned char>(c));
    if (tokens_[node] == kNoToken) tokens_[node] = token;
    if (text.size() > max_bytes_) max_bytes_ = text.size();
    first_bytes_[static_cast<unsigned char>(text[0]) / 64] |=
        std::uint64_t{1} << (static_cast<unsigned char>(text[0]) % 64);
  }

  // Returns the node that `byte` leads to, or kNoNode.
  Node child(Node node, unsigned char byte) const {
    const std::uint64_t key = key_of(node, byte);
    for (std::size_t slot = slot_of(key);; slot = (slot + 1) & mask_) {
      if (slots_[slot].key == key) return slots_[slot].node;
      if (slots_[slot].key == kNoKey) return kNoNode;
    }
  }
  // Returns the token whose text ends at this node, or kNoToken.
  Token token(Node node) const { return tokens_[node]; }

  bool starts_with(unsigned char byte) const { return first_bytes_[byte / 64] >> (byte % 64) & 1; }
  bool empty() const { return max_bytes_ == 0; }
  std::size_t max_bytes() const { return max_bytes_; }

 private:
  static constexpr std::uint64_t kNoKey = ~std::uint64_t{0};
  struct Slot {
    std::uint64_t key;
    Node node;
  };

  static std::uint64_t key_of(Node node, unsigned char byte) {
    return std::uint64_t{node} << 8 | byte;
  }
  std::size_t slot_of(std::uint64_t key) const {
    return static_cast<std::size_t>(key * 0x9E3779B97F4A7C15u >> shift_);
  }

  Node child_or_new(Node node, unsigned char byte) {
    const Node known = child(node, byte);
    if (known != kNoNode) return known;
    if (tokens_.size() * 2 >= slots_.size()) grow(slots_.size() * 4);
    const auto made = static_cast<Node>(tokens_.size());
    tokens_.push_back(kNoToken);
    place({key_of(node, byte), made});
    return made;
  }

  void place(Slot entry) {
    std::size_t slot = slot_of(entry.key);
    while (slots_[slot].key != kNoKey) slot = (slot + 1) & mask_;
    slots_[slot] = entry;
  }

  void grow(std::size_t n_slots) {
    std::pmr::vector<Slot> old(n_slots, Slot{kNoKey, kNoNode}, slots_.get_allocator());
    old.swap(slots_);
    mask_ = n_slots - 1;
    shift_ = 64 - std::countr_zero(n_slots);
    for (const Slot& entry : old) {
      if (entry.key != kNoKey) place(entry);
    }
  }

  std::pmr::vector<Slot> slots_;
  std::pmr::vector<Token> tokens_;  // [n_nodes]
  std::size_t mask_ = 0;
  int shift_ = 0;
  std::size_t max_bytes_ = 0;
  std::uint64_t first_bytes_[4] = {0, 0, 0, 0};
};

}  // namespace minnow
