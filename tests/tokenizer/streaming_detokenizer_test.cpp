// Streams must be whole characters at every moment and, together, the text.
#include "tokenizer/streaming_detokenizer.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "support/small_vocabulary.hpp"
#include "support/vocabulary_file.hpp"
#include "tokenizer/utf8.hpp"

namespace minnow {
namespace {

using testing::encode;
using testing::small_byte_level;
using testing::small_spm;

std::unique_ptr<const Tokenizer> build(testing::SmallVocabulary vocabulary) {
  std::unique_ptr<const Tokenizer> made;
  EXPECT_TRUE(vocabulary.build(&made).ok());
  return made;
}

std::string stream(const Tokenizer& tokenizer, const std::vector<Token>& tokens,
                   DetokenizeOptions options = {}) {
  StreamingDetokenizer detokenizer(tokenizer, options, std::pmr::new_delete_resource());
  std::string text;
  for (const Token token : tokens) {
    const std::string_view part = detokenizer.push(token);
    EXPECT_EQ(valid_utf8_bytes(part), part.size());
    text += part;
  }
  text += detokenizer.finish();
  return text;
}

TEST(StreamingDetokenizer, HoldsACharacterBackUntilItIsWhole) {
  const auto tokenizer = build(small_byte_level());
  const auto ids = encode(*tokenizer,
                          "a\U0001F642"
                          "b");
  ASSERT_EQ(ids.size(), 6u);
  StreamingDetokenizer detokenizer(*tokenizer, {}, std::pmr::new_delete_resource());
  EXPECT_EQ(detokenizer.push(ids[0]), "a");
  EXPECT_EQ(detokenizer.push(ids[1]), "");
  EXPECT_EQ(detokenizer.push(ids[2]), "");
  EXPECT_EQ(detokenizer.push(ids[3]), "");
  EXPECT_EQ(detokenizer.push(ids[4]), "\U0001F642");
  EXPECT_EQ(detokenizer.push(ids[5]), "b");
  EXPECT_EQ(detokenizer.finish(), "");
}

TEST(StreamingDetokenizer, ReplacesWhatCanNeverBecomeACharacter) {
  const auto tokenizer = build(small_byte_level());
  EXPECT_EQ(stream(*tokenizer, encode(*tokenizer,
                                      "a\xFF"
                                      "b")),
            "a\uFFFDb");
  EXPECT_EQ(stream(*tokenizer, encode(*tokenizer,
                                      "a\xE4\xBD"
                                      "b")),
            "a\uFFFD\uFFFDb");
  EXPECT_EQ(stream(*tokenizer, encode(*tokenizer, "a\xF0\x9F\x99")), "a\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(stream(*tokenizer, encode(*tokenizer, "\xED\xA0\x80")), "\uFFFD\uFFFD\uFFFD");
}

TEST(StreamingDetokenizer, GivesAnyUtf8TextBack) {
  std::mt19937 random(3);
  for (const auto& tokenizer : {build(small_byte_level()), build(small_spm())}) {
    for (int round = 0; round < 200; ++round) {
      std::string text;
      for (std::size_t n = random() % 20; n > 0; --n) {
        char bytes[kMaxUtf8Bytes] = {};
        const char32_t limits[] = {0x80, 0x800, 0xD800, 0x20000};
        std::size_t n_bytes = encode_utf8(random() % limits[random() % 4], bytes);
        if (valid_utf8_bytes({bytes, n_bytes}) != n_bytes) n_bytes = 0;
        text.append(bytes, n_bytes);
      }
      if (text.find("\u2581") != std::string::npos) continue;
      EXPECT_EQ(stream(*tokenizer, encode(*tokenizer, text)), text);
    }
  }
}

TEST(StreamingDetokenizer, TakesTheSpaceInFrontAwayAtTheStartOnly) {
  const auto tokenizer = build(small_spm());
  const auto ids = encode(*tokenizer, "Hello world");
  EXPECT_EQ(stream(*tokenizer, ids), "Hello world");
  EXPECT_EQ(stream(*tokenizer, ids, {false, false}), " Hello world");
  EXPECT_EQ(stream(*tokenizer, encode(*tokenizer, "  Hello")), "  Hello");
}

TEST(StreamingDetokenizer, WritesControlTokensOnlyWhenAsked) {
  const auto tokenizer = build(small_spm());
  const auto ids = encode(*tokenizer, "Hello<|im_end|>world</s>", {true, true});
  EXPECT_EQ(stream(*tokenizer, ids), "Helloworld");
  EXPECT_EQ(stream(*tokenizer, ids, {true, true}), "<s>Hello<|im_end|>world</s>");
}

TEST(StreamingDetokenizer, IgnoresIdsOutsideTheVocabularyAndStartsAnewAfterFinish) {
  const auto tokenizer = build(small_spm());
  StreamingDetokenizer detokenizer(*tokenizer, {}, std::pmr::new_delete_resource());
  EXPECT_EQ(detokenizer.push(-1), "");
  EXPECT_EQ(detokenizer.push(1 << 30), "");
  EXPECT_EQ(detokenizer.push(tokenizer->find(" Hello")), "Hello");
  EXPECT_EQ(detokenizer.finish(), "");
  EXPECT_EQ(detokenizer.push(tokenizer->find(" Hello")), "Hello");
}

}  // namespace
}  // namespace minnow
