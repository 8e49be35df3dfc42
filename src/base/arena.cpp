#include "base/arena.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#include "base/checked.hpp"

namespace minnow {

namespace {

constexpr std::size_t kPageBytes = 4096;

// Anonymous pages that start on a huge-page boundary: maps one block too much and cuts both ends
// off. NULL when the system refuses.
std::byte* map_block(std::size_t n_bytes) {
  std::size_t span = 0;
  if (!checked_add(n_bytes, kArenaBlockAlignment, span)) return nullptr;
  void* raw = mmap(nullptr, span, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (raw == MAP_FAILED) return nullptr;
  auto* start = static_cast<std::byte*>(raw);
  const std::size_t rest = reinterpret_cast<std::uintptr_t>(start) % kArenaBlockAlignment;
  const std::size_t head = rest == 0 ? 0 : kArenaBlockAlignment - rest;
  if (head != 0) munmap(start, head);
  if (head != kArenaBlockAlignment) munmap(start + head + n_bytes, kArenaBlockAlignment - head);
  std::byte* block = start + head;
#ifdef MADV_HUGEPAGE
  madvise(block, n_bytes, MADV_HUGEPAGE);  // a hint: without it everything works, slower
#endif
  return block;
}

}  // namespace

std::size_t ArenaPlan::reserve(std::size_t n_bytes) {
  const std::size_t offset = n_bytes_;
  std::size_t end = 0;
  if (!checked_add(offset, n_bytes, end) || !checked_round_up(end, kArenaAlignment, end)) {
    overflowed_ = true;
    return offset;
  }
  n_bytes_ = end;
  return offset;
}

std::size_t ArenaPlan::reserve_elements(std::size_t n_elements, std::size_t element_bytes) {
  std::size_t n_bytes = 0;
  if (checked_mul(n_elements, element_bytes, n_bytes)) return reserve(n_bytes);
  overflowed_ = true;
  return n_bytes_;
}

void ArenaPlan::share_with(const ArenaPlan& other) {
  n_bytes_ = std::max(n_bytes_, other.n_bytes_);
  overflowed_ = overflowed_ || other.overflowed_;
}

std::size_t ArenaPlan::arena_bytes() const {
  std::size_t pages = 0;
  return checked_round_up(n_bytes_, kPageBytes, pages) ? pages : n_bytes_;
}

Status ArenaPlan::check() const {
  std::size_t pages = 0;
  if (overflowed_ || !checked_round_up(n_bytes_, kPageBytes, pages))
    return error(StatusCode::kOutOfMemory, "a size does not fit into ", sizeof(std::size_t) * 8,
                 " bits");
  return {};
}

Status Arena::create(const ArenaPlan& plan, HostMemory& memory, ArenaSource source,
                     std::string_view what, Arena& out) {
  const Status planned = plan.check();
  if (!planned.ok()) return error(planned.code(), what, ": ", planned.message());
  Arena arena;
  arena.memory_ = &memory;
  arena.source_ = source;
  const std::size_t n_bytes = plan.arena_bytes();
  if (n_bytes == 0) {
    out = std::move(arena);
    return {};
  }
  if (source == ArenaSource::kMap) {
    MINNOW_TRY(memory.charge(n_bytes, what));
    arena.data_ = map_block(n_bytes);
    if (arena.data_ == nullptr) memory.discharge(n_bytes);
  } else {
    arena.data_ = static_cast<std::byte*>(memory.try_allocate(n_bytes, kArenaAlignment));
    if (arena.data_ != nullptr) std::memset(arena.data_, 0, n_bytes);
  }
  if (arena.data_ == nullptr) {
    const bool is_limited = memory.budget_bytes() != HostMemory::kNoBudget;
    const std::string limit = is_limited ? join(" of the budget of ", memory.budget_bytes()) : "";
    return error(StatusCode::kOutOfMemory, what, " needs ", n_bytes, " bytes; ",
                 memory.in_use_bytes(), limit, " are in use and no more were given");
  }
  arena.n_bytes_ = n_bytes;
  out = std::move(arena);
  return {};
}

Arena& Arena::operator=(Arena&& other) noexcept {
  Arena taken(std::move(other));
  swap(taken);
  return *this;
}

void Arena::swap(Arena& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(n_bytes_, other.n_bytes_);
  std::swap(memory_, other.memory_);
  std::swap(source_, other.source_);
}

void Arena::release() noexcept {
  if (data_ == nullptr) return;
  if (source_ == ArenaSource::kMap) {
    munmap(data_, n_bytes_);
    memory_->discharge(n_bytes_);
  } else {
    memory_->deallocate(data_, n_bytes_, kArenaAlignment);
  }
  data_ = nullptr;
}

}  // namespace minnow
