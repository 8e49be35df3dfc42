// Candidates: the tokens that may still be chosen, in one of two forms.
//
// Dense: the caller's logits as they are, with the best value of each block of 256 on the side.
// Blocks are copied only when something in them changes. A stage that keeps few tokens reads only
// the blocks whose best value passes, so 262,144 logits are read once and never become records.
// Records: an array of {id, logit, p}. Every stage works on records; `collect` makes them.
//
// The order is: descending logit, ties to the lower id. Probability is held as whole numbers: the
// mass of a candidate is exp(logit - best logit) rounded to multiples of 2^-40, so that sums are
// exact and do not depend on the order in which they are made. The float p of a record holds it
// exactly.
#pragma once

#include <cstdint>
#include <limits>
#include <memory_resource>
#include <span>
#include <vector>

#include "base/status.hpp"
#include "base/token.hpp"
#include "base/untouched_array.hpp"
#include "sampling/blocks.hpp"
#include "sampling/token_table.hpp"

namespace minnow {

struct Candidate {
  Token id;
  float logit;
  float p;  // relative to the best: 1 for the best one; see weigh()
};

inline std::uint64_t mass_of(const Candidate& candidate) {
  return static_cast<std::uint64_t>(static_cast<double>(candidate.p) * kMassOne);
}

// The order of candidates.
inline bool comes_before(const Candidate& a, const Candidate& b) {
  return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
}

class Candidates {
 public:
  // Takes 16 bytes for each token of the vocabulary from `memory`.
  Candidates(size_t n_vocab, std::pmr::memory_resource* memory);

  // Starts a token, dense or with records. See Sampler::sample for mask and statuses.
  Status begin(std::span<const float> logits, std::span<const std::uint64_t> mask,
               std::uint64_t position);
  Status begin(std::span<const Candidate> list, std::span<const std::uint64_t> mask,
               std::uint64_t position);

  bool dense() const { return dense_; }

  // The records; empty while dense. Stages may change logits (then call mark_unsorted) and p.
  std::span<Candidate> records() { return {records_.data(), n_}; }
  std::span<const Candidate> records() const { return {records_.data(), n_}; }
  void mark_unsorted() { sorted_ = false; }

  // Whether every token is excluded; only possible after begin() failed or after edit().
  bool none_left() const;
  float best_logit() const;
  Candidate best() const;

  // Gives each token of the table that is still a candidate a new logit: change(logit, value).
  // NaN and +infinity cannot arise: results are brought down to the largest float.
  template <class Change>
  void edit(const TokenTable& table, Change change);

  // Divides all logits. If the best would become infinite, only the best candidate stays: the
  // others are then further away than any float can say.
  void divide(float divisor);

  // Keeps the candidates with logit >= threshold (and always the best); records afterwards.
  void keep_at_least(float threshold);
  // Keeps the k first in order; records afterwards, unless nothing has to go.
  void keep_best(size_t k);
  // Keeps the shortest prefix of the order with at least this mass, and at least min_keep
  // candidates. Needs weigh(). Records afterwards.
  void keep_mass(std::uint64_t mass, size_t min_keep);
  // The logit of the k-th in order; -infinity if there are fewer. Records afterwards.
  float nth_logit(size_t k);
  // Copies the first candidates in order; returns how many there were. Changes nothing.
  size_t copy_best(std::span<Candidate> best);
  // Keeps the first n records.
  void truncate(size_t n) { n_ = n; }
  // Makes records of all candidates.
  void collect() { keep_at_least(-std::numeric_limits<float>::infinity()); }
  void sort();

  // Computes the masses (of records: their p) and returns the total. Call again after each change.
  std::uint64_t weigh();

  // The candidate at which the running mass, in order, passes `mass` (< total). Needs weigh().
  Candidate at_mass(std::uint64_t mass);

  // Number of candidates, mean and standard deviation of their logits.
  struct Moments {
    size_t n;
    double mean, deviation;
  };
  Moments moments();

 private:
  const float* block(size_t b) const { return block_data_[b]; }
  float* own_block(size_t b);
  void refresh(size_t b);
  Status scan(std::span<const float> logits, std::uint64_t position);
  void apply_mask(std::span<const std::uint64_t> mask);
  BlockSums sums(double middle) const;
  void append_all(float threshold);
  void append_from(size_t b, float threshold);
  void drop_excluded();
  float threshold_for_best(size_t k);
  float threshold_for_mass(std::uint64_t mass) const;
  static void set(float value, float* logit);

  size_t n_vocab_;
  size_t n_blocks_;
  std::pmr::vector<const float*> block_data_;  // [n_blocks], each [kBlock]
  std::pmr::vector<float> block_best_;         // [n_blocks], undivided
  std::pmr::vector<float> scratch_;            // [n_blocks]
  UntouchedArray<float> own_;                  // [n_blocks, kBlock]: copies of changed blocks
  UntouchedArray<Candidate> records_;          // [n_vocab + kBlock]
  size_t n_ = 0;                               // records in use
  std::uint64_t total_ = 0;                    // from the last weigh()
  float divisor_ = 1.0f;                       // of the dense form
  bool dense_ = false;
  bool sorted_ = false;
};

template <class Change>
void Candidates::edit(const TokenTable& table, Change change) {
  if (table.size() == 0) return;
  if (dense_ && divisor_ != 1.0f) collect();
  if (!dense_) {
    for (Candidate& record : records()) {
      if (const std::int32_t* value = table.find(record.id)) {
        set(change(record.logit, *value), &record.logit);
      }
    }
    drop_excluded();
    return;
  }
  table.each([&](Token token, std::int32_t value) {
    const auto i = static_cast<size_t>(token);
    if (i >= n_vocab_) return;
    float* logit = own_block(i / kBlock) + i % kBlock;
    set(change(*logit, value), logit);
    refresh(i / kBlock);
  });
}

}  // namespace minnow
