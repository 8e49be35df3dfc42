// OpContext: what every operation needs to run: the kernel table, the threads, the cancel flag and
// one piece of scratch memory a thread. Plain references; a session fills it in for each call.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/governor.hpp"
#include "base/thread_pool.hpp"
#include "kernels/api/kernel_table.hpp"

namespace minnow {

struct AdapterSet;

struct OpContext {
  const KernelTable* table;
  ThreadPool* pool;
  const std::atomic<bool>* cancel;  // polled before every item; results are void once it is true
  std::byte* scratch;               // [n_threads][scratch_stride], 64-byte aligned
  std::size_t scratch_stride;
  const AdapterSet* adapters = nullptr;  // corrections of some products (ops/adapter.hpp)
  Governor* governor = nullptr;          // deadline and rests; looked at before each job

  std::byte* scratch_of(int worker) const {
    return scratch + static_cast<std::size_t>(worker) * scratch_stride;
  }
  template <class Body>
  void for_each(std::int64_t n_items, Body&& body, const Upcoming& next = {}) const noexcept {
    if (governor != nullptr) governor->before_job();
    pool->for_each(n_items, cancel, body, next);
  }
};

// Below this many tokens a step over tokens is cheaper on the caller's thread than as a job.
inline constexpr std::int64_t kSerialTokens = 4;

// Runs body(worker, token) for all tokens: as a job in prefill, on the caller's thread in decode.
// worker: the index of the scratch memory to use.
template <class Body>
void for_each_token_on(const OpContext& context, std::int64_t n_tokens, Body&& body) noexcept {
  if (n_tokens < kSerialTokens) {
    for (std::int64_t t = 0; t < n_tokens; ++t) body(0, t);
    return;
  }
  constexpr std::int64_t kTokensPerItem = 8;
  context.for_each((n_tokens + kTokensPerItem - 1) / kTokensPerItem,
                   [&](int worker, std::int64_t item) {
                     const std::int64_t first = item * kTokensPerItem;
                     const std::int64_t last = std::min(first + kTokensPerItem, n_tokens);
                     for (std::int64_t t = first; t < last; ++t) body(worker, t);
                   });
}

// The same where no scratch memory is needed.
template <class Body>
void for_each_token(const OpContext& context, std::int64_t n_tokens, Body&& body) noexcept {
  for_each_token_on(context, n_tokens, [&](int, std::int64_t t) { body(t); });
}

}  // namespace minnow
