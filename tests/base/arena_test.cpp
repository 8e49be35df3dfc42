#include "base/arena.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace minnow {
namespace {

class ArenaFrom : public testing::TestWithParam<ArenaSource> {};

TEST_P(ArenaFrom, GivesExactlyWhatWasPlanned) {
  ArenaPlan plan;
  const std::size_t a = plan.reserve(1);
  const std::size_t b = plan.reserve_array<float>(100);
  const std::size_t c = plan.reserve(0);
  const std::size_t d = plan.reserve(3 << 20);
  EXPECT_EQ(a, 0u);
  EXPECT_EQ(b, 64u);
  EXPECT_EQ(c, 64u + 448u);
  EXPECT_EQ(d, c);
  ASSERT_TRUE(plan.check().ok());

  HostMemory memory;
  {
    Arena arena;
    ASSERT_TRUE(Arena::create(plan, memory, GetParam(), "a test", arena).ok());
    EXPECT_EQ(memory.in_use_bytes(), plan.arena_bytes());
    EXPECT_EQ(arena.n_bytes(), plan.arena_bytes());
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(arena.array<float>(b)) % kArenaAlignment, 0u);
    EXPECT_TRUE(std::all_of(arena.data(), arena.data() + arena.n_bytes(),
                            [](std::byte x) { return x == std::byte{0}; }));
    std::fill_n(arena.at(d), 3 << 20, std::byte{1});  // a sanitizer sees a block that is too short

    Arena moved = std::move(arena);
    EXPECT_EQ(arena.data(), nullptr);
    EXPECT_EQ(moved.at(d)[0], std::byte{1});
    EXPECT_EQ(memory.in_use_bytes(), plan.arena_bytes());
    moved = Arena();
    EXPECT_EQ(memory.in_use_bytes(), 0u);
  }
  EXPECT_EQ(memory.in_use_bytes(), 0u);
  EXPECT_EQ(memory.peak_bytes(), plan.arena_bytes());
}

TEST_P(ArenaFrom, RefusesBeyondTheBudgetAndLeavesTheOldArena) {
  HostMemory memory({}, 1 << 20);
  ArenaPlan small;
  small.reserve(4096);
  Arena arena;
  ASSERT_TRUE(Arena::create(small, memory, GetParam(), "small", arena).ok());
  std::byte* const before = arena.data();
  ArenaPlan large;
  large.reserve(1 << 20);
  const Status status = Arena::create(large, memory, GetParam(), "the KV cache", arena);
  EXPECT_EQ(status.code(), StatusCode::kOutOfMemory);
  EXPECT_NE(status.message().find("the KV cache needs 1048576 bytes"), std::string::npos)
      << status.message();
  EXPECT_EQ(arena.data(), before);
  EXPECT_EQ(memory.in_use_bytes(), 4096u);
}

TEST_P(ArenaFrom, ReportsASystemThatRefuses) {
  HostMemory memory({[](void*, std::size_t, std::size_t) -> void* { return nullptr; },
                     [](void*, void*, std::size_t) {}, nullptr});
  ArenaPlan plan;
  plan.reserve(std::size_t{1} << 60);
  Arena arena;
  const Status status = Arena::create(plan, memory, GetParam(), "everything", arena);
  EXPECT_EQ(status.code(), StatusCode::kOutOfMemory);
  EXPECT_EQ(memory.in_use_bytes(), 0u);
  EXPECT_EQ(arena.data(), nullptr);
}

TEST_P(ArenaFrom, TakesNothingForAnEmptyPlan) {
  HostMemory memory({}, 0);
  Arena arena;
  EXPECT_TRUE(Arena::create(ArenaPlan(), memory, GetParam(), "nothing", arena).ok());
  EXPECT_EQ(arena.n_bytes(), 0u);
}

INSTANTIATE_TEST_SUITE_P(BothSources, ArenaFrom,
                         testing::Values(ArenaSource::kMap, ArenaSource::kHost));

TEST(Arena, MapsHugePageAlignedBlocks) {
  HostMemory memory;
  for (const std::size_t n_bytes : {std::size_t{1}, std::size_t{5} << 20, std::size_t{2} << 20}) {
    ArenaPlan plan;
    plan.reserve(n_bytes);
    Arena arena;
    ASSERT_TRUE(Arena::create(plan, memory, ArenaSource::kMap, "a test", arena).ok());
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(arena.data()) % kArenaBlockAlignment, 0u);
    std::fill_n(arena.data(), arena.n_bytes(), std::byte{7});
  }
}

TEST(ArenaPlan, SharesMemoryBetweenPiecesOfTwoPlans) {
  ArenaPlan plan;
  plan.reserve(100);
  ArenaPlan beside = plan;
  const std::size_t a = plan.reserve(64);
  const std::size_t b = beside.reserve(1000);
  plan.share_with(beside);
  EXPECT_EQ(a, b);
  EXPECT_EQ(plan.n_bytes(), 128u + 1024u);
  EXPECT_EQ(plan.reserve(1), 128u + 1024u);

  ArenaPlan shorter = plan;
  plan.reserve(64);
  plan.share_with(shorter);
  EXPECT_EQ(plan.n_bytes(), 128u + 1024u + 128u);

  ArenaPlan overflowed = plan;
  overflowed.reserve(static_cast<std::size_t>(-1));
  plan.share_with(overflowed);
  EXPECT_EQ(plan.check().code(), StatusCode::kOutOfMemory);
}

TEST(ArenaPlan, RemembersAnOverflow) {
  ArenaPlan by_sum;
  by_sum.reserve(SIZE_MAX - 100);
  by_sum.reserve(1000);
  EXPECT_EQ(by_sum.check().code(), StatusCode::kOutOfMemory);

  ArenaPlan by_product;
  by_product.reserve_array<double>(SIZE_MAX / 4);
  by_product.reserve(64);
  EXPECT_EQ(by_product.check().code(), StatusCode::kOutOfMemory);

  ArenaPlan by_rounding;
  by_rounding.reserve(SIZE_MAX - 64);
  HostMemory memory;
  Arena arena;
  const Status status = Arena::create(by_rounding, memory, ArenaSource::kMap, "all", arena);
  EXPECT_EQ(status.code(), StatusCode::kOutOfMemory);
  EXPECT_NE(status.message().find("all: "), std::string::npos) << status.message();
}

}  // namespace
}  // namespace minnow
