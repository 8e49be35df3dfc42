#include "base/sha256.hpp"

#include <gtest/gtest.h>

#include <string>

namespace minnow {
namespace {

std::string sha256_of(const std::string& text) {
  Sha256 hash;
  hash.update(text.data(), text.size());
  return to_hex(hash.digest());
}

// The examples of FIPS 180-4 and NIST's example values.
TEST(Sha256, GivesTheKnownDigests) {
  EXPECT_EQ(sha256_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256_of("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmno"
                      "ijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"),
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
  EXPECT_EQ(sha256_of(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, DoesNotDependOnHowTheBytesArePieced) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += static_cast<char>(i * 7);
  for (std::size_t n = 0; n <= text.size(); ++n) {
    const std::string whole = sha256_of(text.substr(0, n));
    for (const std::size_t piece : {1u, 3u, 55u, 56u, 63u, 64u, 65u, 128u}) {
      Sha256 hash;
      for (std::size_t i = 0; i < n; i += piece) {
        (void)hash.digest();  // may be asked at any time
        hash.update(text.data() + i, std::min<std::size_t>(piece, n - i));
      }
      ASSERT_EQ(to_hex(hash.digest()), whole) << n << " bytes by " << piece;
    }
  }
}

}  // namespace
}  // namespace minnow
