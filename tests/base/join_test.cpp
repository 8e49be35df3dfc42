#include "base/join.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace minnow {
namespace {

TEST(Join, PrintsEveryKindOfPiece) {
  const char* pointer = "pointer";
  EXPECT_EQ(join("literal ", pointer, ' ', std::string("string"), ' ', std::string_view("view")),
            "literal pointer string view");
  EXPECT_EQ(join(true, ' ', false, ' ', 0, ' ', -5, ' ', UINT64_MAX, ' ', 1.5f, ' ', 0.1),
            "true false 0 -5 18446744073709551615 1.5 0.1");
  EXPECT_EQ(join(), "");
}

}  // namespace
}  // namespace minnow
