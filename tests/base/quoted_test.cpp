#include "base/quoted.hpp"

#include <gtest/gtest.h>

namespace minnow {
namespace {

TEST(Utf8, AcceptsExactlyTheWellFormedCharacters) {
  for (const char* good : {"a", "\x7f", "é", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
                           "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"})
    EXPECT_TRUE(is_utf8(good)) << good;
  for (const char* bad : {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc3", "\xc3(", "\xe0\x9f\xbf",
                          "\xe2\x82", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
                          "\xf5\x80\x80\x80", "\xff", "a\x80"})
    EXPECT_FALSE(is_utf8(bad)) << bad;
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8(std::string_view("a\0b", 3)));
  EXPECT_EQ(utf8_character_bytes(""), 0u);
  EXPECT_EQ(utf8_character_bytes("€uro"), 3u);
}

TEST(Quoted, MakesHostileTextHarmless) {
  EXPECT_EQ(in_quotes("blk.0.attn_q.weight"), "'blk.0.attn_q.weight'");
  EXPECT_EQ(in_quotes("größe"), "'größe'");
  EXPECT_EQ(in_quotes(std::string_view("a\0\n\x1b[31m\xff", 9)), "'a\\x00\\x0a\\x1b[31m\\xff'");
  EXPECT_EQ(in_quotes(std::string(100, 'x')), "'" + std::string(100, 'x') + "'");
  EXPECT_EQ(in_quotes(std::string(1 << 20, 'x')), "'" + std::string(100, 'x') + "…'");
  EXPECT_EQ(path_in_quotes(std::string(200, 'x')), "'" + std::string(200, 'x') + "'");
}

}  // namespace
}  // namespace minnow
