#include "base/memory.hpp"

#include <new>

namespace minnow {

Status HostMemory::check(const AllocatorHooks& hooks) {
  if ((hooks.allocate == nullptr) != (hooks.release == nullptr))
    return error(StatusCode::kInvalidArgument,
                 "an allocator needs both functions, allocate and release; one of them is NULL");
  return {};
}

HostMemory::HostMemory(AllocatorHooks hooks, std::size_t budget_bytes)
    : hooks_(check(hooks).ok() ? hooks : AllocatorHooks{}), budget_bytes_(budget_bytes) {}

bool HostMemory::count(std::size_t n_bytes) noexcept {
  std::size_t before = in_use_bytes_.load(std::memory_order_relaxed);
  do {
    if (n_bytes > budget_bytes_ - before) {  // in use never passes the budget, so no wrap
      refused_bytes_.store(n_bytes, std::memory_order_relaxed);
      return false;
    }
  } while (
      !in_use_bytes_.compare_exchange_weak(before, before + n_bytes, std::memory_order_relaxed));
  const std::size_t now = before + n_bytes;
  std::size_t peak = peak_bytes_.load(std::memory_order_relaxed);
  while (peak < now && !peak_bytes_.compare_exchange_weak(peak, now, std::memory_order_relaxed)) {
  }
  return true;
}

Status HostMemory::charge(std::size_t n_bytes, std::string_view what) {
  if (count(n_bytes)) return {};
  return error(StatusCode::kOutOfMemory, what, " needs ", n_bytes, " bytes; ", in_use_bytes(),
               " of the budget of ", budget_bytes_, " bytes are in use");
}

void HostMemory::discharge(std::size_t n_bytes) noexcept {
  in_use_bytes_.fetch_sub(n_bytes, std::memory_order_relaxed);
}

void* HostMemory::try_allocate(std::size_t n_bytes, std::size_t alignment) noexcept {
  if (n_bytes == 0) n_bytes = 1;  // a host may answer NULL to a request for nothing
  if (!count(n_bytes)) return nullptr;
  void* p = hooks_.allocate != nullptr
                ? hooks_.allocate(hooks_.user, n_bytes, alignment)
                : ::operator new (n_bytes, std::align_val_t{alignment}, std::nothrow);
  if (p == nullptr) {
    discharge(n_bytes);
    refused_bytes_.store(n_bytes, std::memory_order_relaxed);
  }
  return p;
}

void* HostMemory::do_allocate(std::size_t n_bytes, std::size_t alignment) {
  void* p = try_allocate(n_bytes, alignment);
  if (p == nullptr) throw std::bad_alloc();
  return p;
}

void HostMemory::do_deallocate(void* p, std::size_t n_bytes, std::size_t alignment) {
  if (n_bytes == 0) n_bytes = 1;
  if (hooks_.release != nullptr) {
    hooks_.release(hooks_.user, p, n_bytes);
  } else {
    ::operator delete (p, std::align_val_t{alignment});
  }
  discharge(n_bytes);
}

bool HostMemory::do_is_equal(const std::pmr::memory_resource& other) const noexcept {
  return this == &other;
}

}  // namespace minnow
