#include "base/memory.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace minnow {

namespace {

// A text in a fixed buffer; what does not fit is left out.
class FixedText {
 public:
  FixedText(char* buffer, std::size_t n_bytes) : at_(buffer), end_(buffer + n_bytes - 1) {
    *at_ = '\0';
  }
  FixedText& add(std::string_view text) {
    const auto n = std::min(text.size(), static_cast<std::size_t>(end_ - at_));
    std::memcpy(at_, text.data(), n);
    at_ += n;
    *at_ = '\0';
    return *this;
  }
  FixedText& add(std::size_t number) {
    char digits[24];
    const auto result = std::to_chars(digits, digits + sizeof digits, number);
    return add(std::string_view(digits, static_cast<std::size_t>(result.ptr - digits)));
  }

 private:
  char* at_;
  char* end_;
};

}  // namespace

MemoryRefused::MemoryRefused(std::size_t n_bytes, std::size_t in_use_bytes,
                             std::size_t budget_bytes) noexcept {
  FixedText text(text_, sizeof text_);
  text.add("out of memory: ").add(n_bytes).add(" bytes more are needed; ").add(in_use_bytes);
  if (budget_bytes == HostMemory::kNoBudget)
    text.add(" bytes are in use and the allocator gives no more");
  else
    text.add(" of the budget of ").add(budget_bytes).add(" bytes are in use");
}

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
  n_allocations_.fetch_add(1, std::memory_order_relaxed);
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
  if (p == nullptr) throw MemoryRefused(n_bytes, in_use_bytes(), budget_bytes_);
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
