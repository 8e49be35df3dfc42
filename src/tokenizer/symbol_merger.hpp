// SymbolMerger: byte-pair merging of one word, best pair first, leftmost among equals. Short words
// are merged in an array on the stack; long ones with a heap over a linked list, so that millions
// of equal letters stay n log n. What merges is the caller's Pairs: by merge rank (byte-level BPE)
// or by the score of the joined text (SentencePiece).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <vector>

#include "tokenizer/merge_table.hpp"

namespace minnow {

// A stretch of the word, [begin, end) in bytes; token is kNoToken when that text is none.
struct MergeSymbol {
  std::uint32_t begin;
  std::uint32_t end;
  Token token;
};

// Pairs::find(left, right) returns the Merge of two neighbours. The vectors are kept between words,
// so that a text allocates as often as its longest words grow.
class SymbolMerger {
 public:
  explicit SymbolMerger(std::pmr::memory_resource* memory)
      : symbols_(memory), links_(memory), heap_(memory) {}

  // The word's symbols: filled by the caller, merged in place by run().
  std::pmr::vector<MergeSymbol>& symbols() { return symbols_; }

  template <class Pairs>
  void run(const Pairs& pairs) {
    if (symbols_.size() < 2) return;
    if (symbols_.size() <= kShortWord) {
      run_short(pairs);
    } else {
      run_long(pairs);
    }
  }

 private:
  static constexpr std::size_t kShortWord = 24;
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  struct Link {
    std::uint32_t previous, next;
  };
  // A possible merge of symbol `left` and the one behind it. It is stale when their bytes are not
  // n_bytes any more: symbols only grow, so equal length means an unchanged pair.
  struct Candidate {
    std::uint64_t order;  // rank, then position
    std::uint32_t n_bytes;
    Token token;
    std::uint32_t left() const { return static_cast<std::uint32_t>(order); }
    bool operator<(const Candidate& other) const { return order > other.order; }
  };

  template <class Pairs>
  void run_short(const Pairs& pairs) {
    std::size_t n = symbols_.size();
    Merge merges[kShortWord];
    for (std::size_t i = 0; i + 1 < n; ++i) merges[i] = pairs.find(symbols_[i], symbols_[i + 1]);
    while (true) {
      std::size_t best = n;
      for (std::size_t i = 0; i + 1 < n; ++i) {
        if (merges[i].token == kNoToken) continue;
        if (best == n || merges[i].rank < merges[best].rank) best = i;
      }
      if (best == n) break;
      symbols_[best] = {symbols_[best].begin, symbols_[best + 1].end, merges[best].token};
      --n;
      std::copy(symbols_.begin() + static_cast<std::ptrdiff_t>(best) + 2,
                symbols_.begin() + static_cast<std::ptrdiff_t>(n) + 1,
                symbols_.begin() + static_cast<std::ptrdiff_t>(best) + 1);
      std::copy(merges + best + 1, merges + n, merges + best);
      if (best > 0) merges[best - 1] = pairs.find(symbols_[best - 1], symbols_[best]);
      if (best + 1 < n) merges[best] = pairs.find(symbols_[best], symbols_[best + 1]);
    }
    symbols_.resize(n);
  }

  template <class Pairs>
  bool make_candidate(const Pairs& pairs, std::uint32_t left, Candidate* out) const {
    const MergeSymbol& a = symbols_[left];
    const MergeSymbol& b = symbols_[links_[left].next];
    const Merge merge = pairs.find(a, b);
    if (merge.token == kNoToken) return false;
    *out = {static_cast<std::uint64_t>(merge.rank) << 32 | left, b.end - a.begin, merge.token};
    return true;
  }

  template <class Pairs>
  void push(const Pairs& pairs, std::uint32_t left) {
    Candidate made;
    if (links_[left].next == kNone || !make_candidate(pairs, left, &made)) return;
    heap_.push_back(made);
    std::push_heap(heap_.begin(), heap_.end());
  }

  template <class Pairs>
  void run_long(const Pairs& pairs) {
    const auto n = static_cast<std::uint32_t>(symbols_.size());
    links_.resize(n);
    heap_.clear();
    for (std::uint32_t i = 0; i < n; ++i) links_[i] = {i - 1, i + 1 < n ? i + 1 : kNone};
    for (std::uint32_t i = 0; i + 1 < n; ++i) {
      Candidate made;
      if (make_candidate(pairs, i, &made)) heap_.push_back(made);
    }
    std::make_heap(heap_.begin(), heap_.end());
    while (!heap_.empty()) {
      std::pop_heap(heap_.begin(), heap_.end());
      const Candidate best = heap_.back();
      heap_.pop_back();
      merge_if_fresh(pairs, best);
    }
    compact();
  }

  template <class Pairs>
  void merge_if_fresh(const Pairs& pairs, const Candidate& best) {
    const std::uint32_t left = best.left();
    MergeSymbol& symbol = symbols_[left];
    const std::uint32_t right = links_[left].next;
    if (symbol.begin == symbol.end || right == kNone) return;
    if (symbols_[right].end - symbol.begin != best.n_bytes) return;
    symbol.end = symbols_[right].end;
    symbol.token = best.token;
    symbols_[right].begin = symbols_[right].end;  // gone
    links_[left].next = links_[right].next;
    if (links_[left].next != kNone) links_[links_[left].next].previous = left;
    if (links_[left].previous != kNone) push(pairs, links_[left].previous);
    push(pairs, left);
  }

  void compact() {
    const auto gone = [](const MergeSymbol& symbol) { return symbol.begin == symbol.end; };
    symbols_.erase(std::remove_if(symbols_.begin(), symbols_.end(), gone), symbols_.end());
  }

  std::pmr::vector<MergeSymbol> symbols_;
  std::pmr::vector<Link> links_;
  std::pmr::vector<Candidate> heap_;
};

}  // namespace minnow
