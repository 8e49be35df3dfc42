#include "failing_memory.hpp"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MINNOW_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MINNOW_SANITIZED 1
#endif
#endif

namespace minnow::testing_support {
namespace {

std::atomic<MemorySource> chosen{MemorySource::kNone};
std::atomic<MemorySource> armed{MemorySource::kNone};
std::atomic<long> n_asked{0};
std::atomic<long> fail_at{0};
std::atomic<bool> fails_later{false};
std::atomic<bool> failed{false};
std::atomic<long> n_live{0};
std::atomic<bool> wrong_release{false};

// Counts a request; true when it has to fail.
bool fails(MemorySource source) noexcept {
  if (armed.load(std::memory_order_relaxed) != source) return false;
  const long n = n_asked.fetch_add(1) + 1;
  const long at = fail_at.load();
  if (at <= 0 || n < at || (n > at && !fails_later.load())) return false;
  failed.store(true);
  return true;
}

void* raw(std::size_t n_bytes, std::size_t alignment) noexcept;

void* new_block(std::size_t n_bytes, std::size_t alignment) noexcept {
  if (fails(MemorySource::kNew)) return nullptr;
  void* p = raw(n_bytes == 0 ? 1 : n_bytes, alignment);
  if (p != nullptr) n_live.fetch_add(1);
  return p;
}

void* new_block_or_throw(std::size_t n_bytes, std::size_t alignment) {
  void* p = new_block(n_bytes, alignment);
  if (p == nullptr) throw std::bad_alloc();
  return p;
}

void delete_block(void* p) noexcept {
  if (p == nullptr) return;
  n_live.fetch_sub(1);
  std::free(p);
}

std::size_t number(std::align_val_t alignment) {
  return static_cast<std::size_t>(alignment);
}

constexpr std::size_t kHeader = 64;

void* host_allocate(void*, std::size_t n_bytes, std::size_t alignment) {
  if (fails(MemorySource::kHost)) return nullptr;
  const std::size_t front = std::max(kHeader, alignment);
  auto* block = static_cast<std::byte*>(raw(front + n_bytes, front));
  if (block == nullptr) return nullptr;
  n_live.fetch_add(1);
  std::memcpy(block + front - sizeof n_bytes, &n_bytes, sizeof n_bytes);
  std::memcpy(block + front - 2 * sizeof n_bytes, &front, sizeof front);
  return block + front;
}

void host_release(void*, void* p, std::size_t n_bytes) {
  auto* memory = static_cast<std::byte*>(p);
  std::size_t taken = 0, front = 0;
  std::memcpy(&taken, memory - sizeof taken, sizeof taken);
  std::memcpy(&front, memory - 2 * sizeof taken, sizeof front);
  if (taken != n_bytes) wrong_release.store(true);
  n_live.fetch_sub(1);
  std::free(memory - front);
}

}  // namespace

void arm(MemorySource source, long n, bool and_all_later) {
  n_asked.store(0);
  failed.store(false);
  fail_at.store(n);
  fails_later.store(and_all_later);
  chosen.store(source);
}
void resume() {
  armed.store(chosen.load());
}
void pause() {
  armed.store(MemorySource::kNone);
}
long n_requests() {
  return n_asked.load();
}
bool has_failed() {
  return failed.load();
}
long n_live_blocks() {
  return n_live.load();
}
bool had_wrong_release() {
  return wrong_release.load();
}
minnow_allocator failing_allocator() {
  return {&host_allocate, &host_release, nullptr};
}

#ifdef MINNOW_SANITIZED

bool can_fail_system_calls() {
  return false;
}

namespace {
void* raw(std::size_t n_bytes, std::size_t alignment) noexcept {
  void* p = nullptr;
  return posix_memalign(&p, std::max(alignment, sizeof(void*)), n_bytes) == 0 ? p : nullptr;
}
}  // namespace

#else

bool can_fail_system_calls() {
  return true;
}

extern "C" void* __libc_malloc(std::size_t n_bytes);
extern "C" void* __libc_memalign(std::size_t alignment, std::size_t n_bytes);

namespace {
void* raw(std::size_t n_bytes, std::size_t alignment) noexcept {
  return alignment <= alignof(std::max_align_t) ? __libc_malloc(n_bytes)
                                                : __libc_memalign(alignment, n_bytes);
}
}  // namespace

#endif

}  // namespace minnow::testing_support

using minnow::testing_support::delete_block;
using minnow::testing_support::new_block;
using minnow::testing_support::new_block_or_throw;
using minnow::testing_support::number;

#ifndef MINNOW_SANITIZED
// Texts for the caller come from malloc; an exception's memory too.
extern "C" void* malloc(std::size_t n_bytes) noexcept {
  using namespace minnow::testing_support;
  if (fails(MemorySource::kNew)) {
    errno = ENOMEM;
    return nullptr;
  }
  return __libc_malloc(n_bytes);
}

extern "C" void* mmap(void* address, std::size_t n_bytes, int protection, int flags, int descriptor,
                      off_t offset) noexcept {
  using namespace minnow::testing_support;
  if (fails(MemorySource::kMap)) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  const long p = syscall(SYS_mmap, address, n_bytes, protection, flags, descriptor, offset);
  return reinterpret_cast<void*>(p);
}
#endif

void* operator new(std::size_t n) {
  return new_block_or_throw(n, 1);
}
void* operator new[](std::size_t n) {
  return new_block_or_throw(n, 1);
}
void* operator new(std::size_t n, std::align_val_t a) {
  return new_block_or_throw(n, number(a));
}
void* operator new[](std::size_t n, std::align_val_t a) {
  return new_block_or_throw(n, number(a));
}
void* operator new(std::size_t n, const std::nothrow_t&) noexcept {
  return new_block(n, 1);
}
void* operator new[](std::size_t n, const std::nothrow_t&) noexcept {
  return new_block(n, 1);
}
void* operator new(std::size_t n, std::align_val_t a, const std::nothrow_t&) noexcept {
  return new_block(n, number(a));
}
void* operator new[](std::size_t n, std::align_val_t a, const std::nothrow_t&) noexcept {
  return new_block(n, number(a));
}
void operator delete(void* p) noexcept {
  delete_block(p);
}
void operator delete[](void* p) noexcept {
  delete_block(p);
}
void operator delete(void* p, std::size_t) noexcept {
  delete_block(p);
}
void operator delete[](void* p, std::size_t) noexcept {
  delete_block(p);
}
void operator delete(void* p, std::align_val_t) noexcept {
  delete_block(p);
}
void operator delete[](void* p, std::align_val_t) noexcept {
  delete_block(p);
}
void operator delete(void* p, std::size_t, std::align_val_t) noexcept {
  delete_block(p);
}
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept {
  delete_block(p);
}
