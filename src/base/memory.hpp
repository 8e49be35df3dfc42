// HostMemory: where every long-lived byte of minnow comes from. A std::pmr::memory_resource over
// the host's allocator (or operator new) that counts bytes in use and their peak and can enforce a
// hard budget. Mapped arenas (base/arena.hpp) charge the same budget without passing through
// allocate().
#pragma once

#include <atomic>
#include <cstddef>
#include <memory_resource>
#include <new>
#include <string_view>

#include "base/status.hpp"

namespace minnow {

// The host's allocator. Both functions may be called from any thread and must not call minnow.
// `allocate` returns NULL when it cannot serve; `alignment` is a power of two. `release` gets the
// size that was asked for. Both are set or neither is (then operator new is used).
struct AllocatorHooks {
  void* (*allocate)(void* user, std::size_t n_bytes, std::size_t alignment) = nullptr;
  void (*release)(void* user, void* p, std::size_t n_bytes) = nullptr;
  void* user = nullptr;
};

// What HostMemory throws: a std::bad_alloc that knows the numbers. Holds its text itself, since
// there is no memory for it.
class MemoryRefused final : public std::bad_alloc {
 public:
  MemoryRefused(std::size_t n_bytes, std::size_t in_use_bytes, std::size_t budget_bytes) noexcept;
  const char* what() const noexcept override { return text_; }

 private:
  char text_[160];
};

// Thread-safe. Must outlive everything allocated from it.
class HostMemory final : public std::pmr::memory_resource {
 public:
  static constexpr std::size_t kNoBudget = static_cast<std::size_t>(-1);

  // kInvalidArgument when only one of the two functions is set.
  static Status check(const AllocatorHooks& hooks);

  // Half an allocator (see check()) counts as none.
  explicit HostMemory(AllocatorHooks hooks = {}, std::size_t budget_bytes = kNoBudget);
  HostMemory(const HostMemory&) = delete;
  HostMemory& operator=(const HostMemory&) = delete;
  ~HostMemory() override = default;

  // As allocate(), but NULL instead of std::bad_alloc. Give it back with deallocate().
  void* try_allocate(std::size_t n_bytes, std::size_t alignment) noexcept;

  // Counts `n_bytes` that come from elsewhere (a mapped arena) against the budget; kOutOfMemory
  // names `what` and the numbers, and counts nothing. Pair with discharge().
  Status charge(std::size_t n_bytes, std::string_view what);
  void discharge(std::size_t n_bytes) noexcept;

  std::size_t in_use_bytes() const { return in_use_bytes_.load(std::memory_order_relaxed); }
  std::size_t peak_bytes() const { return peak_bytes_.load(std::memory_order_relaxed); }
  std::size_t budget_bytes() const { return budget_bytes_; }
  // The size of the last request that was refused, 0 if there was none.
  std::size_t refused_bytes() const { return refused_bytes_.load(std::memory_order_relaxed); }
  // How often memory was taken, arenas included.
  std::size_t n_allocations() const { return n_allocations_.load(std::memory_order_relaxed); }
  bool has_hooks() const { return hooks_.allocate != nullptr; }

 private:
  void* do_allocate(std::size_t n_bytes, std::size_t alignment) override;
  void do_deallocate(void* p, std::size_t n_bytes, std::size_t alignment) override;
  bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override;
  bool count(std::size_t n_bytes) noexcept;

  AllocatorHooks hooks_;
  std::size_t budget_bytes_;
  std::atomic<std::size_t> in_use_bytes_{0};
  std::atomic<std::size_t> peak_bytes_{0};
  std::atomic<std::size_t> refused_bytes_{0};
  std::atomic<std::size_t> n_allocations_{0};
};

}  // namespace minnow
