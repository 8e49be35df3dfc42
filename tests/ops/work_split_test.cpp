// WorkSplit: items cover every unit once, long ones first.
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
          ASSERT_EQ(range.first, next);
          ASSERT_GT(range.n, 0) << n_units << " units, " << n_threads << " threads, item " << i;
          if (i + 1 < split.n_items()) {
            ASSERT_GE(range.n, least);
          }
          next += range.n;
        }
        ASSERT_EQ(next, n_units) << n_threads << " threads, at least " << least;
      }
    }
  }
}

TEST(WorkSplit, HandsOutHalfInTheFirstRoundAndSmallItemsLast) {
  const WorkSplit split(1024, 4, 2);
  EXPECT_EQ(split.item(0).n, 256);
  EXPECT_EQ(split.item(1).n, 256);
  EXPECT_EQ(split.item(2).n, 128);
  EXPECT_EQ(split.item(split.n_items() - 1).n, 4);
  EXPECT_LE(split.n_items(), 20);
}

}  // namespace
}  // namespace minnow
