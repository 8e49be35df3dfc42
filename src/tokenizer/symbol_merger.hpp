// SymbolMerger: byte-pair merging of one word, best pair first, leftmost among equals. What merges
// is the caller's Pairs: by merge rank (byte-level BPE) or by the score of the joined text
// (SentencePiece).
//
// Short words are merged in an array, longer ones with a heap over a linked list. Words above a
// window (a million equal letters, a text without spaces) are merged window by window: linear, and
// in the first-level cache, where one heap over the whole needed 40 bytes a letter and ran at 3
// MB/s (with windows of 2,048 bytes 8, with 512 25). That gives the same symbols: a sequence is the
// result of merging exactly if no merge crosses a border between two of them, and whether one does
// depends on these two alone, so each seam is proved by merging the two symbols beside it once
// more.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <vector>

#include "tokenizer/merge_table.hpp"

namespace minnow {

// A stretch of the text, [begin, end) in bytes; token is kNoToken when that stretch is none.
struct MergeSymbol {
  std::uint32_t begin;
  std::uint32_t end;
  Token token;
  friend bool operator==(const MergeSymbol&, const MergeSymbol&) = default;
};

// The vectors are kept between words, so that a text allocates only until its longest word is seen.
class SymbolMerger {
 public:
  static constexpr std::uint32_t kWindowBytes = 512;

  explicit SymbolMerger(std::pmr::memory_resource* memory,
                        std::uint32_t window_bytes = kWindowBytes)
      : window_bytes_(window_bytes),
        symbols_(memory),
        held_(memory),
        merged_(memory),
        links_(memory),
        heap_(memory) {}

  // Merges text[begin, end) and returns the symbols, valid until the next call. spell(at) gives the
  // MergeSymbol that a text begins with at `at`; pairs.find(left, right) the Merge of two
  // neighbours.
  template <class Pairs, class Spell>
  const std::pmr::vector<MergeSymbol>& merge(const Pairs& pairs, const Spell& spell,
                                             std::uint32_t begin, std::uint32_t end) {
    if (end - begin <= window_bytes_) {
      merge_at_once(pairs, spell, begin, end);
      return symbols_;
    }
    merged_.clear();
    if (!merge_by_windows(pairs, spell, begin, end)) {
      merge_at_once(pairs, spell, begin, end);
      return symbols_;
    }
    return merged_;
  }

 private:
  static constexpr std::size_t kShortWord = 24;
  static constexpr int kSeamTrials = 4;
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

  // Merges from `begin` up to the first symbol border at or behind `end` into symbols_.
  template <class Pairs, class Spell>
  void merge_at_once(const Pairs& pairs, const Spell& spell, std::uint32_t begin,
                     std::uint32_t end) {
    symbols_.clear();
    while (begin < end) {
      symbols_.push_back(spell(begin));
      begin = symbols_.back().end;
    }
    if (symbols_.size() <= kShortWord) {
      run_short(pairs);
    } else {
      run_long(pairs);
    }
  }

  // Appends all symbols to merged_; false when a seam that was proved does not hold with a larger
  // window, which leaves only merging all at once.
  template <class Pairs, class Spell>
  bool merge_by_windows(const Pairs& pairs, const Spell& spell, std::uint32_t begin,
                        std::uint32_t end) {
    std::uint32_t window = window_bytes_;
    while (true) {
      merge_at_once(pairs, spell, begin, end - begin < window ? end : begin + window);
      if (!merged_.empty() && !is_seam(pairs, spell, merged_.back(), symbols_.front()))
        return false;
      held_.swap(symbols_);
      while (held_.back().end < end) {
        const std::size_t n_kept = find_seam(pairs, spell, end);
        if (n_kept == 0) break;
        merged_.insert(merged_.end(), held_.begin(),
                       held_.begin() + static_cast<std::ptrdiff_t>(n_kept));
        held_.swap(symbols_);
        window = window_bytes_;
      }
      if (held_.back().end >= end) break;
      begin = held_.front().begin;  // no seam: the same with a larger window
      window = window > (end - begin) / 2 ? end - begin : window * 2;
    }
    merged_.insert(merged_.end(), held_.begin(), held_.end());
    return true;
  }

  // Looks for a border near the end of held_ from which the next window, left in symbols_, goes on.
  // Returns how many symbols of held_ stand before it, 0 when none was found.
  template <class Pairs, class Spell>
  std::size_t find_seam(const Pairs& pairs, const Spell& spell, std::uint32_t end) {
    const std::uint32_t held_end = held_.back().end;
    const auto is_before = [&](const MergeSymbol& symbol) {
      return held_end - symbol.begin > window_bytes_ / 4;
    };
    std::size_t n_kept = static_cast<std::size_t>(
        std::partition_point(held_.begin(), held_.end() - 1, is_before) - held_.begin());
    for (int trial = 0; trial < kSeamTrials && n_kept > 0; ++trial, --n_kept) {
      const std::uint32_t from = held_[n_kept].begin;
      const std::uint32_t window = std::max(window_bytes_, (held_end - from) * 2);
      merge_at_once(pairs, spell, from, end - from < window ? end : from + window);
      if (is_seam(pairs, spell, held_[n_kept - 1], symbols_.front())) return n_kept;
    }
    return 0;
  }

  // True when merging the text of both gives just these two. Keeps symbols_.
  template <class Pairs, class Spell>
  bool is_seam(const Pairs& pairs, const Spell& spell, MergeSymbol left, MergeSymbol right) {
    std::pmr::vector<MergeSymbol> kept(symbols_.get_allocator());
    kept.swap(symbols_);
    merge_at_once(pairs, spell, left.begin, right.end);
    const bool holds = symbols_.size() == 2 && symbols_[0] == left && symbols_[1] == right;
    kept.swap(symbols_);
    return holds;
  }

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
    const auto gone = [](const MergeSymbol& symbol) { return symbol.begin == symbol.end; };
    symbols_.erase(std::remove_if(symbols_.begin(), symbols_.end(), gone), symbols_.end());
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

  const std::uint32_t window_bytes_;
  std::pmr::vector<MergeSymbol> symbols_;  // of the window
  std::pmr::vector<MergeSymbol> held_;     // of the window before
  std::pmr::vector<MergeSymbol> merged_;   // of the whole word
  std::pmr::vector<Link> links_;
  std::pmr::vector<Candidate> heap_;
};

}  // namespace minnow
