#include "ops/screen.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <functional>
#include <limits>

#include "ops/work_split.hpp"

namespace minnow {

namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();
constexpr std::int64_t kBatch = 64;      // rows whose exact values are computed together
constexpr std::int64_t kItemRows = 512;  // fewest of an item; a whole number of blocks
// More than this part of the rows, and the full product is cheaper than going on.
constexpr double kMostRefined = 0.5;

// Rows under one maximum: few enough for small vocabularies to have more blocks than candidates.
std::int64_t block_rows(std::int64_t n_rows) {
  return n_rows >= std::int64_t{1} << 16 ? 128 : n_rows >= std::int64_t{1} << 13 ? 32 : 16;
}
std::int64_t count_blocks(std::int64_t n_rows) {
  return (n_rows + block_rows(n_rows) - 1) / block_rows(n_rows);
}

float next_below(float x) {
  if (x == 0.0f) return -std::numeric_limits<float>::denorm_min();
  const auto bits = std::bit_cast<std::uint32_t>(x);
  return std::bit_cast<float>(x > 0 ? bits - 1 : bits + 1);
}

// Rounded up to a float.
float float_above(double x) {
  const auto nearest = static_cast<float>(x);
  if (static_cast<double>(nearest) >= x) return nearest;
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(nearest) + 1);  // x is positive
}

class Screening {
 public:
  Screening(const OpContext& context, const ScreenHead& head, const ActivationRows& x,
            const ScreenRequest& request, const ScreenBuffers& buffers)
      : context_(context),
        table_(*context.table),
        head_(head),
        matrix_(head.weights.split()),
        x_(x.for_group(32)),
        request_(request),
        buffers_(buffers),
        n_rows_(head.weights.n_rows),
        block_rows_(block_rows(n_rows_)),
        n_blocks_(count_blocks(n_rows_)) {}

  ScreenResult run() noexcept {
    if (!prepare_bounds(x_, matrix_.k, buffers_.offsets, buffers_.norms)) return {};
    bound_rows();
    take_always();
    const std::int64_t n_seeds = choose_seeds();
    if (n_seeds < request_.n_best) return {};
    refine_seeds(n_seeds);
    if (!set_threshold(n_seeds)) return {};
    refine_rows();
    if (given_up_.load()) return {};
    finish();
    ScreenResult result;
    result.decided = true;
    result.n_found = n_found_.load();
    result.n_refined = n_refined_.load();
    return result;
  }

 private:
  // bounds = upper bounds of all rows before the soft cap, and the largest of each block. Bias and
  // scale are the same monotonous float operations that the exact values get.
  void bound_rows() noexcept {
    const std::int64_t unit = std::max(block_rows_, kItemRows);
    const WorkSplit split((n_rows_ + unit - 1) / unit, 1, context_.pool->n_threads());
    context_.for_each(split.n_items(), [&](int, std::int64_t item) {
      const auto [first_unit, n_units] = split.item(item);
      const std::int64_t end = std::min((first_unit + n_units) * unit, n_rows_);
      const BoundArgs args = {x_, buffers_.offsets, buffers_.norms};
      for (std::int64_t row = first_unit * unit; row < end; row += block_rows_) {
        const std::int64_t n = std::min(block_rows_, end - row);
        float* const bounds = buffers_.bounds + row;
        table_.split_bounds(matrix_, row, n, args, bounds);
        add_bias_and_scale(row, n, bounds);
        if (head_.bias) replace_nans(bounds, n);
        buffers_.block_best[row / block_rows_] = *std::max_element(bounds, bounds + n);
      }
    });
  }

  void add_bias_and_scale(std::int64_t first, std::int64_t n, float* values) noexcept {
    if (head_.bias) table_.add(values, head_.bias.data + first, n, values);
    if (head_.scale != 1.0f) table_.scale(values, head_.scale, n, values);
  }

  // A bias may be anything; a bound that is no number says nothing.
  static void replace_nans(float* bounds, std::int64_t n) noexcept {
    for (std::int64_t i = 0; i < n; ++i)
      if (bounds[i] != bounds[i]) bounds[i] = std::numeric_limits<float>::infinity();
  }

  // Exact values of some rows before the soft cap.
  void exact_values(const std::int32_t* rows, std::int64_t n, float* values) noexcept {
    table_.split_products(matrix_, rows, 0, n, x_, values);
    if (head_.bias) {
      for (std::int64_t i = 0; i < n; ++i) values[i] += head_.bias.data[rows[i]];
    }
    if (head_.scale != 1.0f) table_.scale(values, head_.scale, n, values);
    for (std::int64_t i = 0; i < n; ++i) {
      if (values[i] <= std::numeric_limits<float>::max()) continue;
      given_up_.store(true);  // to be reported as the full product reports it
      values[i] = kNever;
    }
  }

  // The tokens that are wanted in any case: found now, and out of the competition.
  void take_always() noexcept {
    std::int64_t n = 0;
    for (const Token token : request_.always) {
      float& bound = buffers_.bounds[token];
      if (bound == kNever) continue;  // named before
      bound = kNever;
      buffers_.found[n++] = token;
    }
    for (std::int64_t i = 0; i < n; i += kBatch)
      exact_values(buffers_.found + i, std::min(kBatch, n - i), buffers_.found_logits + i);
    n_found_ = n_refined_ = n;
  }

  // The rows with the largest bounds: at least 2 n_best where there are so many blocks.
  std::int64_t choose_seeds() noexcept {
    const std::int64_t n_wanted =
        std::min(std::max<std::int64_t>(2 * request_.n_best, 16), n_blocks_);
    float* const sorted = buffers_.sorted;
    std::copy_n(buffers_.block_best, n_blocks_, sorted);
    std::nth_element(sorted, sorted + n_wanted - 1, sorted + n_blocks_, std::greater<float>());
    const float least = sorted[n_wanted - 1];
    std::int64_t n = 0;
    for (std::int64_t block = 0; block < n_blocks_ && n < kMostSeeds; ++block) {
      if (buffers_.block_best[block] < least) continue;
      for_rows_from(block, least, [&](std::int32_t row) {
        if (n < kMostSeeds) buffers_.seeds[n++] = row;
      });
    }
    return n;
  }

  // visit(row) for the rows of a block whose bound is at least `least`.
  template <class Visit>
  void for_rows_from(std::int64_t block, float least, const Visit& visit) noexcept {
    const std::int64_t first = block * block_rows_;
    const std::int64_t end = std::min(first + block_rows_, n_rows_);
    for (std::int64_t row = first; row < end; ++row) {
      const float bound = buffers_.bounds[row];
      if (bound >= least && bound > kNever) visit(static_cast<std::int32_t>(row));
    }
  }

  void refine_seeds(std::int64_t n) noexcept {
    const auto refine = [&](int, std::int64_t item) {
      const std::int64_t first = item * kBatch;
      exact_values(buffers_.seeds + first, std::min(kBatch, n - first),
                   buffers_.seed_logits + first);
    };
    if (n <= kBatch) return refine(0, 0);
    context_.for_each((n + kBatch - 1) / kBatch, refine);
  }

  // Rows with bounds below threshold_ are surely not wanted. False: nothing is sure.
  bool set_threshold(std::int64_t n_seeds) noexcept {
    float* const sorted = buffers_.sorted;
    std::copy_n(buffers_.seed_logits, n_seeds, sorted);
    float* const nth = sorted + request_.n_best - 1;
    std::nth_element(sorted, nth, sorted + n_seeds, std::greater<float>());
    const float best = *std::max_element(sorted, nth + 1);
    threshold_ = *nth;
    if (request_.below_best > 0.0f)
      threshold_ = std::min(threshold_, next_below(best - request_.below_best));
    if (head_.softcap > 0.0f) {
      // Where the slope of the cap is above 0.07, values this far apart stay in order when they
      // are rounded after it (errors of a few 2^-24 of the cap).
      if (!(threshold_ <= 2.0f * head_.softcap && threshold_ >= -2.0f * head_.softcap))
        return false;
      threshold_ -= head_.softcap * 0x1p-15f;
    }
    return threshold_ > kNever && threshold_ < std::numeric_limits<float>::infinity();
  }

  // All rows with bounds from the threshold on; those whose value is below it too are dropped.
  void refine_rows() noexcept {
    const auto limit = static_cast<std::int64_t>(kMostRefined * static_cast<double>(n_rows_));
    const std::int64_t least = std::max<std::int64_t>(1, 8192 / block_rows_);
    const WorkSplit split(n_blocks_, least, context_.pool->n_threads());
    context_.for_each(split.n_items(), [&](int, std::int64_t item) {
      const auto [first, n_here] = split.item(item);
      std::int32_t rows[kBatch];
      std::int64_t n = 0;
      for (std::int64_t block = first; block < first + n_here; ++block) {
        if (buffers_.block_best[block] < threshold_) continue;
        if (given_up_.load(std::memory_order_relaxed)) return;
        for_rows_from(block, threshold_, [&](std::int32_t row) {
          rows[n++] = row;
          if (n < kBatch) return;
          refine_batch(rows, n);
          n = 0;
        });
        if (n_refined_.load(std::memory_order_relaxed) > limit) given_up_.store(true);
      }
      if (n > 0) refine_batch(rows, n);
    });
  }

  void refine_batch(const std::int32_t* rows, std::int64_t n) noexcept {
    float values[kBatch];
    exact_values(rows, n, values);
    n_refined_.fetch_add(n, std::memory_order_relaxed);
    std::int64_t n_kept = 0;
    std::int32_t kept[kBatch];
    for (std::int64_t i = 0; i < n; ++i) {
      if (values[i] < threshold_) continue;
      kept[n_kept] = rows[i];
      values[n_kept++] = values[i];
    }
    if (n_kept == 0) return;
    const std::int64_t place = n_found_.fetch_add(n_kept);
    if (place + n_kept > kMostFound) {
      given_up_.store(true);
      return;
    }
    std::copy_n(kept, n_kept, buffers_.found + place);
    std::copy_n(values, n_kept, buffers_.found_logits + place);
  }

  void finish() noexcept {
    if (head_.softcap > 0.0f)
      table_.softcap(buffers_.found_logits, head_.softcap, n_found_.load(), buffers_.found_logits);
  }

  const OpContext& context_;
  const KernelTable& table_;
  const ScreenHead& head_;
  const SplitMatrix matrix_;
  const QuantRows& x_;
  const ScreenRequest& request_;
  const ScreenBuffers& buffers_;
  const std::int64_t n_rows_;
  const std::int64_t block_rows_;
  const std::int64_t n_blocks_;
  float threshold_ = kNever;
  std::atomic<std::int64_t> n_found_{0};
  std::atomic<std::int64_t> n_refined_{0};
  std::atomic<bool> given_up_{false};
};

}  // namespace

void plan_screen(std::int64_t n_rows, std::int64_t k, ArenaPlan& plan, const Arena* arena,
                 ScreenBuffers& out) {
  const auto array = [&]<class T>(std::int64_t n, T*& pointer) {
    const std::size_t offset = plan.reserve_array<T>(static_cast<std::size_t>(n));
    if (arena != nullptr) pointer = arena->array<T>(offset);
  };
  array(count_blocks(n_rows), out.block_best);
  array(k / 32, out.offsets);
  array(k / 32, out.norms);
  array(kMostSeeds, out.seeds);
  array(kMostSeeds, out.seed_logits);
  array(std::max(count_blocks(n_rows), kMostSeeds), out.sorted);
  array(kMostFound, out.found);
  array(kMostFound, out.found_logits);
}

bool can_screen(const ScreenHead& head, const ScreenRequest& request) {
  return head.weights.is_split && head.scale > 0.0f && request.n_best >= 1 &&
         request.n_best <= kMostBest && request.below_best >= 0.0f &&
         !(head.softcap > 0.0f && request.below_best > 0.0f) &&
         static_cast<std::int64_t>(request.always.size()) <= kMostFound / 2 &&
         static_cast<std::int64_t>(request.always.size()) + request.n_best <
             head.weights.n_rows / 4;
}

ScreenResult screen(const OpContext& context, const ScreenHead& head, const ActivationRows& x,
                    const ScreenRequest& request, const ScreenBuffers& buffers) noexcept {
  return Screening(context, head, x, request, buffers).run();
}

bool prepare_bounds(const QuantRows& x, std::int64_t k, float* offsets, float* norms) noexcept {
  const std::int64_t n_blocks = k / 32;
  // Rounding of both sums, as a factor of the bound itself: see docs/kernels.md. u = 2^-24.
  const auto n = static_cast<double>(n_blocks);
  const double slack = 0x1p-24 * 1.01 * (128.0 * n + 404.0 * (2.0 * n + 16.0));
  const double factor = (1.0 + 2.0 * slack) * (1.0 + 0x1p-30) / kSplitNormsPerUnit;
  double largest = 0.0;
  for (std::int64_t b = 0; b < n_blocks; ++b) {
    std::int32_t squares = 0;
    std::int32_t sizes = 0;
    for (std::int64_t i = 32 * b; i < 32 * (b + 1); ++i) {
      squares += x.codes[i] * x.codes[i];
      sizes += x.codes[i] < 0 ? -x.codes[i] : x.codes[i];
    }
    norms[b] = float_above(__builtin_sqrt(static_cast<double>(squares)) * factor);
    offsets[b] = kSplitCentre * static_cast<float>(x.sums[2 * b] + x.sums[2 * b + 1]);
    largest += static_cast<double>(x.scales[b]) * sizes;
  }
  constexpr double kLargestScale = 65504.0;  // of a weight
  return largest * kLargestScale * 512.0 < static_cast<double>(std::numeric_limits<float>::max());
}

}  // namespace minnow
