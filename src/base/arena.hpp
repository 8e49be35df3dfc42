// ArenaPlan and Arena: one block of memory whose size is known before it is taken.
//
// The code that estimates is the code that allocates: a layer runs its reserve() calls on a plan
// once and keeps the offsets. The plan's size is the estimate; Arena::create() takes exactly that,
// and the offsets become pointers. Nothing grows, nothing is freed singly.
//
//   ArenaPlan plan;
//   const std::size_t keys = plan.reserve_array<float>(n_keys);  // an offset
//
//   MINNOW_TRY(plan.check());  // an overflow of any size; then plan.arena_bytes() is the estimate
//   Arena arena;
//
//   MINNOW_TRY(Arena::create(plan, memory, "the KV cache", arena));
//   float* k = arena.array<float>(keys);
#pragma once

#include <cstddef>
#include <string_view>

#include "base/memory.hpp"
#include "base/status.hpp"

namespace minnow {

inline constexpr std::size_t kArenaAlignment = 64;            // of every piece, in bytes
inline constexpr std::size_t kArenaBlockAlignment = 2 << 20;  // of the block: a huge page

class ArenaPlan {
 public:
  // Appends a piece and returns its offset, a multiple of kArenaAlignment. A size that overflows
  // makes the whole plan fail in check(), so callers need not test each call.
  std::size_t reserve(std::size_t n_bytes);

  template <class T>
  std::size_t reserve_array(std::size_t n_elements) {
    return reserve_elements(n_elements, sizeof(T));
  }
  std::size_t reserve_elements(std::size_t n_elements, std::size_t element_bytes);

  // Joins a plan that began as a copy of this one: what each has reserved since then shares memory,
  // so only one of the two may be in use at a time.
  void share_with(const ArenaPlan& other);

  // The end of the last piece, rounded up to kArenaAlignment.
  std::size_t n_bytes() const { return n_bytes_; }
  // What Arena::create() will take and charge: n_bytes() in whole pages of 4 KiB.
  std::size_t arena_bytes() const;
  // kOutOfMemory when a size overflowed.
  Status check() const;

 private:
  std::size_t n_bytes_ = 0;
  bool overflowed_ = false;
};

enum class ArenaSource {
  kMap,   // anonymous pages of the system, huge where it can; zeroed, untouched pages cost nothing
  kHost,  // the host's allocator; zeroed by create()
};

// Owns one block. Move-only; the HostMemory must outlive it.
class Arena {
 public:
  Arena() = default;
  Arena(Arena&& other) noexcept { swap(other); }
  Arena& operator=(Arena&& other) noexcept;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena() { release(); }

  // Takes plan.arena_bytes() zeroed bytes. kOutOfMemory names `what` and the numbers when the plan
  // has overflowed, the budget would be passed or the system refuses.
  static Status create(const ArenaPlan& plan, HostMemory& memory, ArenaSource source,
                       std::string_view what, Arena& out);
  // The same from the host's allocator if there is one, else mapped.
  static Status create(const ArenaPlan& plan, HostMemory& memory, std::string_view what,
                       Arena& out) {
    return create(plan, memory, memory.has_hooks() ? ArenaSource::kHost : ArenaSource::kMap, what,
                  out);
  }

  std::byte* data() const { return data_; }
  std::size_t n_bytes() const { return n_bytes_; }
  std::byte* at(std::size_t offset) const { return data_ + offset; }
  template <class T>
  T* array(std::size_t offset) const {
    return reinterpret_cast<T*>(data_ + offset);
  }

 private:
  void swap(Arena& other) noexcept;
  void release() noexcept;

  std::byte* data_ = nullptr;
  std::size_t n_bytes_ = 0;
  HostMemory* memory_ = nullptr;
  ArenaSource source_ = ArenaSource::kMap;
};

}  // namespace minnow
