// DryBreakers: the token sequences at which DRY stops to look for repetitions.
//
// A breaker is given as text ("\n"). In a vocabulary it may be a part of a token, a token, or begin
// at the end of one token and go on in the following ones; the last case is a head token and a
// tail.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.hpp"
#include "base/token.hpp"

namespace minnow {

// What the search needs to know of a vocabulary.
struct VocabTexts {
  const void* self;
  int n_vocab;
  // The bytes of a token, valid until the next call.
  std::string_view (*text)(const void* self, Token token);
  // The tokens of a text, without special tokens.
  void (*tokenize)(const void* self, std::string_view text, std::vector<Token>* tokens);
};

class DryBreakers {
 public:
  static constexpr size_t kMaxTextBytes = 40;  // longer breakers are cut, as in the field
  static constexpr size_t kMaxTail = 20;       // tokens; likewise

  explicit DryBreakers(std::pmr::memory_resource* memory) : entries_(memory), tails_(memory) {}
  DryBreakers(const DryBreakers& other, std::pmr::memory_resource* memory)
      : entries_(other.entries_, memory), tails_(other.tails_, memory) {}

  // Finds the tokens of each text. Costs one pass over the vocabulary a text.
  void add_texts(std::span<const std::string> texts, const VocabTexts& vocab);

  // Adds one sequence: a head and the tokens that must follow it. Empty ones are ignored.
  void add(std::span<const Token> sequence);

  bool empty() const { return entries_.empty(); }

  // Whether the token alone is a breaker.
  bool is_single(Token token) const;

  // Longest tail of a breaker that begins with `head` and goes on with the tokens of `following`
  // (newest last); -1 if none does.
  int match(Token head, std::span<const Token> following) const;

 private:
  struct Entry {
    Token head;
    std::uint32_t tail_begin;
    std::uint32_t n_tail;
  };
  std::pmr::vector<Entry> entries_;  // sorted by head
  std::pmr::vector<Token> tails_;
};

}  // namespace minnow
