#include "sampling/candidates.hpp"

#include <algorithm>
#include <array>
#include <functional>

#include "sampling/select.hpp"

namespace minnow {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();
constexpr float kLargest = std::numeric_limits<float>::max();

Status no_candidate_left(std::uint64_t position) {
  return error(StatusCode::kNotFound, "no candidate left at position ", position,
               ": the mask or the logits exclude every token");
}

bool is_set(std::span<const std::uint64_t> mask, Token id) {
  const auto i = static_cast<size_t>(id);
  return (mask[i / 64] >> (i % 64) & 1) != 0;
}

// Checks the mask's size, and that it allows anything at all.
Status check_mask(std::span<const std::uint64_t> mask, size_t n_vocab, std::uint64_t position) {
  if (mask.empty()) return {};
  if (mask.size() < (n_vocab + 63) / 64) {
    return error(StatusCode::kInvalidArgument, "token mask: ", (n_vocab + 63) / 64,
                 " words expected, ", mask.size(), " found");
  }
  const size_t full = n_vocab / 64;
  std::uint64_t any = 0;
  for (size_t i = 0; i < full; ++i) any |= mask[i];
  if (n_vocab % 64 != 0) any |= mask[full] & ((std::uint64_t{1} << n_vocab % 64) - 1);
  return any != 0 ? Status() : no_candidate_left(position);
}

}  // namespace

Candidates::Candidates(size_t n_vocab, std::pmr::memory_resource* memory)
    : n_vocab_(n_vocab),
      n_blocks_((n_vocab + kBlock - 1) / kBlock),
      block_data_(n_blocks_, nullptr, memory),
      block_best_(n_blocks_, kNever, memory),
      scratch_(n_blocks_, 0.0f, memory),
      own_(n_blocks_ * kBlock, memory),
      records_(n_vocab + kBlock, memory) {}

Status Candidates::begin(std::span<const float> logits, std::span<const std::uint64_t> mask,
                         std::uint64_t position) {
  n_ = 0;
  if (logits.size() != n_vocab_) {
    return error(StatusCode::kInvalidArgument, "logits: ", n_vocab_, " expected, ", logits.size(),
                 " found");
  }
  MINNOW_TRY(check_mask(mask, n_vocab_, position));
  dense_ = true;
  sorted_ = false;
  divisor_ = 1.0f;
  MINNOW_TRY(scan(logits, position));
  if (!mask.empty()) apply_mask(mask);
  return none_left() ? no_candidate_left(position) : Status();
}

Status Candidates::begin(std::span<const Candidate> list, std::span<const std::uint64_t> mask,
                         std::uint64_t position) {
  n_ = 0;
  dense_ = false;
  sorted_ = false;
  if (list.size() > n_vocab_) {
    return error(StatusCode::kInvalidArgument, "candidates: at most ", n_vocab_, " expected, ",
                 list.size(), " found");
  }
  MINNOW_TRY(check_mask(mask, n_vocab_, position));
  size_t n = 0;
  for (const Candidate& candidate : list) {
    if (candidate.id < 0 || static_cast<size_t>(candidate.id) >= n_vocab_) {
      return error(StatusCode::kInvalidArgument, "candidate ", candidate.id, ": tokens from 0 to ",
                   n_vocab_ - 1, " expected");
    }
    if (!(candidate.logit <= kLargest)) {
      return error(StatusCode::kNumeric, "logit of token ", candidate.id, " at position ", position,
                   " is ", candidate.logit);
    }
    if (candidate.logit == kNever || (!mask.empty() && !is_set(mask, candidate.id))) continue;
    records_[n++] = candidate;
  }
  n_ = n;
  return n == 0 ? no_candidate_left(position) : Status();
}

// Reads all logits once: the best of each block, and whether all are numbers. The last block, if it
// is short, is copied and filled up with values that are never chosen.
Status Candidates::scan(std::span<const float> logits, std::uint64_t position) {
  bool suspicious = false;
  const size_t full = n_vocab_ / kBlock;
  for (size_t b = 0; b < full; ++b) block_data_[b] = logits.data() + b * kBlock;
  if (full < n_blocks_) {
    float* tail = own_.data() + full * kBlock;
    const auto rest = logits.begin() + static_cast<std::ptrdiff_t>(full * kBlock);
    std::fill(std::copy(rest, logits.end(), tail), tail + kBlock, kNever);
    block_data_[full] = tail;
  }
  for (size_t b = 0; b < n_blocks_; ++b) {
    const BlockBest best = best_of_block(block_data_[b]);
    block_best_[b] = best.best;
    suspicious |= !(best.best <= kLargest) | (best.sum != best.sum);
  }
  if (!suspicious) return {};
  for (size_t i = 0; i < n_vocab_; ++i) {
    if (logits[i] <= kLargest) continue;
    return error(StatusCode::kNumeric, "logit of token ", i, " at position ", position, " is ",
                 logits[i]);
  }
  return {};
}

void Candidates::apply_mask(std::span<const std::uint64_t> mask) {
  constexpr size_t kWords = kBlock / 64;
  const size_t n_words = (n_vocab_ + 63) / 64;
  for (size_t b = 0; b < n_blocks_; ++b) {
    const size_t first = b * kWords;
    const size_t last = std::min(first + kWords, n_words);
    std::uint64_t any = 0;
    std::uint64_t all = ~std::uint64_t{0};
    for (size_t w = first; w < last; ++w) {
      any |= mask[w];
      all &= mask[w];
    }
    if (all == ~std::uint64_t{0}) continue;
    if (any == 0) {
      // The values stay as they are; no stage reads a block whose best is never chosen, except
      // edit, which makes a copy: so the copy must be made of excluded values.
      block_data_[b] = nullptr;
      block_best_[b] = kNever;
      continue;
    }
    float* x = own_block(b);
    for (size_t i = 0; i < kBlock && b * kBlock + i < n_vocab_; ++i) {
      if (!is_set(mask, static_cast<Token>(b * kBlock + i))) x[i] = kNever;
    }
    refresh(b);
  }
}

float* Candidates::own_block(size_t b) {
  float* own = own_.data() + b * kBlock;
  if (block_data_[b] == nullptr) {
    std::fill(own, own + kBlock, kNever);
  } else if (block_data_[b] != own) {
    std::copy(block_data_[b], block_data_[b] + kBlock, own);
  }
  block_data_[b] = own;
  return own;
}

void Candidates::refresh(size_t b) {
  block_best_[b] = best_of_block(block(b)).best;
}

void Candidates::set(float value, float* logit) {
  *logit = value <= kLargest ? value : (value > kLargest ? kLargest : kNever);
}

void Candidates::drop_excluded() {
  sorted_ = false;
  const auto end =
      std::remove_if(records_.begin(), records_.begin() + static_cast<std::ptrdiff_t>(n_),
                     [](const Candidate& c) { return c.logit == kNever; });
  n_ = static_cast<size_t>(end - records_.begin());
}

bool Candidates::none_left() const {
  if (!dense_) return n_ == 0;
  return *std::max_element(block_best_.begin(), block_best_.end()) == kNever;
}

float Candidates::best_logit() const {
  if (dense_) return *std::max_element(block_best_.begin(), block_best_.end()) / divisor_;
  float best = kNever;
  for (const Candidate& record : records()) best = std::max(best, record.logit);
  return best;
}

Candidate Candidates::best() const {
  if (!dense_) return *std::min_element(records().begin(), records().end(), comes_before);
  // Division can make different logits equal, so the lowest id is looked for after it.
  const float best = best_logit();
  for (size_t b = 0; b < n_blocks_; ++b) {
    if (block_best_[b] / divisor_ != best || block_best_[b] == kNever) continue;
    for (size_t i = 0; i < kBlock; ++i) {
      if (block(b)[i] / divisor_ == best) return {static_cast<Token>(b * kBlock + i), best, 1.0f};
    }
  }
  return {kNoToken, best, 0.0f};
}

void Candidates::divide(float divisor) {
  if (divisor == 1.0f) return;
  if (dense_ && divisor_ != 1.0f) collect();
  const float best_now = best_logit();
  if (!(best_now / divisor <= kLargest && best_now / divisor >= -kLargest)) {
    keep_best(1);
    return;
  }
  if (dense_) {
    divisor_ = divisor;
    return;
  }
  for (Candidate& record : records()) record.logit /= divisor;
  drop_excluded();
}

// Appends to the records what passes. Writes every value and advances past those that pass: a
// branch on them would be mispredicted often (records_ has room for a block more).
void Candidates::append_from(size_t b, float threshold) {
  const float* x = block(b);
  const auto first = static_cast<Token>(b * kBlock);
  Candidate* out = records_.data() + n_;
  for (size_t i = 0; i < kBlock; ++i) {
    const float value = x[i] / divisor_;
    *out = {first + static_cast<Token>(i), value, 0.0f};
    out += static_cast<int>(value >= threshold) & static_cast<int>(value > kNever);
  }
  n_ = static_cast<size_t>(out - records_.data());
}

void Candidates::keep_at_least(float threshold) {
  if (!dense_) {
    if (threshold == kNever) return;
    threshold = std::min(threshold, best_logit());
    const auto end =
        std::remove_if(records_.begin(), records_.begin() + static_cast<std::ptrdiff_t>(n_),
                       [=](const Candidate& c) { return !(c.logit >= threshold); });
    n_ = static_cast<size_t>(end - records_.begin());
    return;
  }
  append_all(std::min(threshold, best_logit()));
  dense_ = false;
  sorted_ = false;
  divisor_ = 1.0f;
}

void Candidates::append_all(float threshold) {
  n_ = 0;
  for (size_t b = 0; b < n_blocks_; ++b) {
    if (block_best_[b] > kNever && block_best_[b] / divisor_ >= threshold) {
      append_from(b, threshold);
    }
  }
}

size_t Candidates::copy_best(std::span<Candidate> best) {
  if (dense_) append_all(threshold_for_best(best.size()));
  const size_t n = std::min(best.size(), n_);
  const auto begin = records_.begin();
  std::partial_sort_copy(begin, begin + static_cast<std::ptrdiff_t>(n_), best.begin(), best.end(),
                         comes_before);
  if (dense_) n_ = 0;  // the records were for this only
  return n;
}

// The k-th best of the blocks' bests: at least k candidates are as good as that.
float Candidates::threshold_for_best(size_t k) {
  if (k > n_blocks_) return kNever;
  std::copy(block_best_.begin(), block_best_.end(), scratch_.begin());
  const auto kth = scratch_.begin() + static_cast<std::ptrdiff_t>(k - 1);
  std::nth_element(scratch_.begin(), kth, scratch_.end(), std::greater<float>());
  return *kth / divisor_;
}

void Candidates::keep_best(size_t k) {
  k = std::max<size_t>(k, 1);
  if (dense_) {
    if (k >= n_vocab_) return;
    keep_at_least(threshold_for_best(k));
  }
  if (n_ <= k) return;
  if (!sorted_) {
    const auto begin = records_.begin();
    std::nth_element(begin, begin + static_cast<std::ptrdiff_t>(k),
                     begin + static_cast<std::ptrdiff_t>(n_), comes_before);
  }
  n_ = k;
}

float Candidates::nth_logit(size_t k) {
  collect();
  if (k > n_) return kNever;
  const auto kth = records_.begin() + static_cast<std::ptrdiff_t>(k - 1);
  std::nth_element(records_.begin(), kth, records_.begin() + static_cast<std::ptrdiff_t>(n_),
                   comes_before);
  sorted_ = false;
  return kth->logit;
}

// A logit such that the candidates from it upwards surely have the given mass: each of those below
// weighs less than exp(threshold - best), so together they weigh less than what may be missing.
float Candidates::threshold_for_mass(std::uint64_t mass) const {
  const auto missing = static_cast<double>(total_ - mass);
  const double each = missing / static_cast<double>(n_vocab_) / kMassOne;
  if (!(each > 1e-12)) return kNever;  // next to the smallest mass, rounding decides
  // A margin of 1/1000 for the rounding of masses and of this bound.
  return static_cast<float>(best_logit() + log_double(each) - 1e-3);
}

void Candidates::keep_mass(std::uint64_t mass, size_t min_keep) {
  mass = std::clamp<std::uint64_t>(mass, 1, std::max<std::uint64_t>(total_, 1));
  if (dense_) {
    const float best = best_logit();
    float threshold = threshold_for_mass(mass);
    if (min_keep > 1) threshold = std::min(threshold, threshold_for_best(min_keep));
    keep_at_least(threshold);
    for (Candidate& record : records()) {
      record.p = static_cast<float>(mass_of_difference(record.logit - best) / kMassOne);
    }
  }
  size_t keep = 0;
  if (sorted_) {
    std::uint64_t sum = 0;
    while (keep < n_ && sum < mass) sum += mass_of(records_[keep++]);
  } else {
    const double best = best_logit();
    keep = prefix_of_mass(records_.data(), n_, mass, comes_before,
                          [best](const Candidate& c) { return best - c.logit; });
  }
  if (keep < min_keep) {
    keep_best(min_keep);
  } else {
    n_ = keep;
  }
}

void Candidates::sort() {
  collect();
  if (!sorted_) {
    std::sort(records_.begin(), records_.begin() + static_cast<std::ptrdiff_t>(n_), comes_before);
  }
  sorted_ = true;
}

std::uint64_t Candidates::weigh() {
  const float best = best_logit();
  total_ = 0;
  if (dense_) {
    for (size_t b = 0; b < n_blocks_; ++b) {
      // exp(-29) rounds to no mass at all; 1 ulp of difference cannot change that.
      if (block_best_[b] / divisor_ - best < -29.0f || block_best_[b] == kNever) continue;
      total_ += mass_of_block(block(b), best, divisor_);
    }
    return total_;
  }
  for (Candidate& record : records()) {
    const double mass = mass_of_difference(record.logit - best);
    record.p = static_cast<float>(mass / kMassOne);
    total_ += static_cast<std::uint64_t>(mass);
  }
  return total_;
}

Candidate Candidates::at_mass(std::uint64_t mass) {
  const bool was_dense = dense_;
  const size_t n = n_;
  keep_mass(mass + 1, 1);
  const Candidate chosen = records_[n_ - 1];  // the prefix ends with the one that passed
  if (!was_dense) n_ = n;                     // the others are still there
  return chosen;
}

BlockSums Candidates::sums(double middle) const {
  BlockSums total{};
  const auto add = [&](const float* x, float divisor) {
    const BlockSums part = sums_of_block(x, divisor, middle);
    total.n += part.n;
    total.sum += part.sum;
    total.squares += part.squares;
  };
  if (dense_) {
    for (size_t b = 0; b < n_blocks_; ++b) {
      if (block_best_[b] > kNever) add(block(b), divisor_);
    }
    return total;
  }
  std::array<float, kBlock> logits;
  for (size_t first = 0; first < n_; first += kBlock) {
    logits.fill(kNever);
    for (size_t i = first; i < std::min(first + kBlock, n_); ++i)
      logits[i - first] = records_[i].logit;
    add(logits.data(), 1.0f);
  }
  return total;
}

Candidates::Moments Candidates::moments() {
  if (!dense_) sort();  // a fixed order of the sums
  // One pass, relative to the best logit: what the subtraction of squares loses then is nothing
  // that a float threshold could show.
  const double best = best_logit();
  const BlockSums values = sums(best);
  const double mean = values.sum / values.n;
  const double variance = std::max(0.0, values.squares / values.n - mean * mean);
  return {static_cast<size_t>(values.n), best + mean, __builtin_sqrt(variance)};
}

}  // namespace minnow
