#include "base/memory.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory_resource>
#include <new>
#include <thread>
#include <vector>

namespace minnow {
namespace {

// A host that checks what it is told: sizes must come back as they were asked for.
struct Host {
  std::map<void*, std::size_t> live;
  std::size_t n_calls = 0;
  std::size_t fail_from = SIZE_MAX;
  bool consistent = true;

  AllocatorHooks hooks() {
    return {[](void* user, std::size_t n_bytes, std::size_t alignment) -> void* {
              auto* self = static_cast<Host*>(user);
              if (self->n_calls++ >= self->fail_from) return nullptr;
              void* p = ::operator new (n_bytes, std::align_val_t{64}, std::nothrow);
              self->consistent = self->consistent && alignment <= 64 && n_bytes > 0;
              self->live[p] = n_bytes;
              return p;
            },
            [](void* user, void* p, std::size_t n_bytes) {
              auto* self = static_cast<Host*>(user);
              self->consistent =
                  self->consistent && self->live.count(p) == 1 && self->live[p] == n_bytes;
              self->live.erase(p);
              ::operator delete (p, std::align_val_t{64});
            },
            this};
  }
};

TEST(HostMemory, CountsUseAndPeak) {
  HostMemory memory;
  void* a = memory.allocate(100, 8);
  void* b = memory.allocate(50, 64);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(b) % 64, 0u);
  EXPECT_EQ(memory.in_use_bytes(), 150u);
  memory.deallocate(a, 100, 8);
  EXPECT_EQ(memory.in_use_bytes(), 50u);
  EXPECT_EQ(memory.peak_bytes(), 150u);
  memory.deallocate(b, 50, 64);
  EXPECT_EQ(memory.in_use_bytes(), 0u);
}

TEST(HostMemory, UsesTheHostsAllocatorForEverything) {
  Host host;
  {
    HostMemory memory(host.hooks());
    EXPECT_TRUE(memory.has_hooks());
    std::pmr::vector<int> numbers(&memory);
    for (int i = 0; i < 1000; ++i) numbers.push_back(i);
    EXPECT_EQ(host.live.size(), 1u);
    EXPECT_EQ(memory.in_use_bytes(), host.live.begin()->second);
    memory.deallocate(memory.allocate(0, 1), 0, 1);
  }
  EXPECT_TRUE(host.live.empty());
  EXPECT_TRUE(host.consistent);
}

TEST(HostMemory, TurnsNullIntoBadAllocAndCountsNothing) {
  Host host;
  host.fail_from = 1;
  HostMemory memory(host.hooks());
  void* p = memory.allocate(16, 8);
  EXPECT_THROW((void)memory.allocate(32, 8), std::bad_alloc);
  EXPECT_EQ(memory.in_use_bytes(), 16u);
  EXPECT_EQ(memory.refused_bytes(), 32u);
  memory.deallocate(p, 16, 8);
}

TEST(HostMemory, NeverPassesItsBudget) {
  Host host;
  HostMemory memory(host.hooks(), 1000);
  void* p = memory.allocate(600, 8);
  EXPECT_THROW((void)memory.allocate(401, 8), std::bad_alloc);
  EXPECT_THROW((void)memory.allocate(SIZE_MAX, 8), std::bad_alloc);
  EXPECT_EQ(host.n_calls, 1u);
  void* q = memory.allocate(400, 8);
  EXPECT_EQ(memory.peak_bytes(), 1000u);
  memory.deallocate(q, 400, 8);
  memory.deallocate(p, 600, 8);
}

TEST(HostMemory, ChargesWhatComesFromElsewhere) {
  HostMemory memory({}, 1000);
  EXPECT_TRUE(memory.charge(700, "the weights").ok());
  const Status refused = memory.charge(301, "the KV cache");
  EXPECT_EQ(refused.code(), StatusCode::kOutOfMemory);
  EXPECT_EQ(refused.message(),
            "the KV cache needs 301 bytes; 700 of the budget of 1000 bytes are in use");
  EXPECT_THROW((void)memory.allocate(301, 8), std::bad_alloc);
  memory.discharge(700);
  EXPECT_TRUE(memory.charge(1000, "all").ok());
  memory.discharge(1000);
}

TEST(HostMemory, RefusesHalfAnAllocator) {
  Host host;
  AllocatorHooks hooks = host.hooks();
  hooks.release = nullptr;
  EXPECT_EQ(HostMemory::check(hooks).code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(HostMemory::check({}).ok());
  EXPECT_TRUE(HostMemory::check(host.hooks()).ok());
}

TEST(HostMemory, StaysExactUnderThreads) {
  HostMemory memory({}, 4 * 64 * 100);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int round = 0; round < 200; ++round) {
        std::vector<void*> held;
        for (int i = 0; i < 100; ++i) held.push_back(memory.allocate(64, 8));
        for (void* p : held) memory.deallocate(p, 64, 8);
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(memory.in_use_bytes(), 0u);
  EXPECT_LE(memory.peak_bytes(), memory.budget_bytes());
  EXPECT_GE(memory.peak_bytes(), 64u * 100);
}

}  // namespace
}  // namespace minnow
