// WorkSplit: items cover every unit once, in a stretch for each thread, long ones first.
#include "ops/work_split.hpp"

#include <gtest/gtest.h>

namespace minnow {
namespace {

TEST(WorkSplit, CoversEveryUnitOnceInOrder) {
  for (const int n_threads : {1, 2, 3, 8, 256}) {
    for (const std::int64_t least : {1, 3, 100}) {
      for (const std::int64_t n_units : {0, 1, 2, 5, 28, 152, 4748, 100'000}) {
        const WorkSplit split(n_units, least, n_threads);
        std::int64_t next = 0;
        for (std::int64_t i = 0; i < split.n_items(); ++i) {
          const WorkSplit::Range range = split.item(i);
          ASSERT_EQ(range.first, next) << n_units << " units, " << n_threads << " threads, " << i;
          ASSERT_GE(range.n, 0);
          const bool is_last = (i + 1) % (split.n_items() / split.n_lanes()) == 0;
          const bool is_followed = !is_last && split.item(i + 1).n > 0;
          if (is_followed) {
            ASSERT_GE(range.n, least);
          }
          next += range.n;
        }
        ASSERT_EQ(next, n_units) << n_threads << " threads, at least " << least;
      }
    }
  }
}

TEST(WorkSplit, HandsOutHalfOfAStretchFirstAndSmallItemsLast) {
  const WorkSplit split(1024, 4, 2);
  ASSERT_EQ(split.n_lanes(), 2);
  const std::int64_t per_lane = split.n_items() / 2;
  for (const std::int64_t lane : {0, 1}) {
    EXPECT_EQ(split.item(lane * per_lane).first, 512 * lane);
    EXPECT_EQ(split.item(lane * per_lane).n, 256);
    EXPECT_EQ(split.item(lane * per_lane + 1).n, 128);
    EXPECT_EQ(split.item(lane * per_lane + per_lane - 1).n, 4);
  }
  EXPECT_LE(split.n_items(), 20);
}

TEST(WorkSplit, HasNoMoreStretchesThanItems) {
  EXPECT_EQ(WorkSplit(10, 4, 8).n_lanes(), 2);
  EXPECT_EQ(WorkSplit(3, 4, 8).n_lanes(), 1);
  EXPECT_EQ(WorkSplit(0, 4, 8).n_items(), 0);
}

}  // namespace
}  // namespace minnow
