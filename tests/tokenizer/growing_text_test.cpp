// A growing text must have the ids of the whole, whatever is appended, cut or changed.
#include "tokenizer/growing_text.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "support/vocabulary_file.hpp"

namespace minnow {
namespace {

using testing::open_tokenizer;

const char* const kVocabularies[] = {
    "tokenizer/gemma-3.gguf.xz",
    "tokenizer/qwen2.5-coder.gguf.xz",
    "vocab/ggml-vocab-llama-spm.gguf.xz",
    "tokenizer/zoo/llama3.gguf",
    "tokenizer/zoo/falcon7b.gguf",
    "tokenizer/zoo/bert.gguf",
    "tokenizer/zoo/t5.gguf",
    "tokenizer/zoo/gpt2.gguf",
};

// Parts of which random conversations are made: words, spaces and what looks like special tokens.
const char* const kParts[] = {"Hello",
                              " world",
                              " ",
                              "  ",
                              "\n",
                              "\n\n",
                              "'s",
                              "it's",
                              "1234",
                              "12 34",
                              "\t",
                              "!",
                              "...",
                              "<|im_end|>",
                              "<|im_start|>",
                              "<|im_",
                              "start",
                              "|>",
                              "<end_of_turn>",
                              "</s>",
                              "<s>",
                              "你好，世界。",
                              "é",
                              "e\u0301",
                              "\u2581",
                              "🙂",
                              "naïve",
                              "<tool_call>",
                              "def f(x):\n    return x\n",
                              "\xff",
                              "\xe4\xbd",
                              "[MASK]",
                              " the quick brown fox",
                              "camelCaseText"};

struct Turn {
  std::string text;
  bool is_user;
};

std::vector<TextSpan> spans_of(const std::vector<Turn>& turns) {
  std::vector<TextSpan> spans;
  for (const Turn& turn : turns) spans.push_back({turn.text, turn.is_user});
  return spans;
}

class GrowingTextOf : public ::testing::TestWithParam<const char*> {};

TEST_P(GrowingTextOf, HasTheIdsOfTheWholeAfterEveryChange) {
  const auto tokenizer = open_tokenizer(std::string(MINNOW_TEST_DATA) + "/" + GetParam());
  for (unsigned seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
    GrowingText growing(*tokenizer, {true, true}, std::pmr::new_delete_resource());
    std::vector<Turn> turns;
    for (int step = 0; step < 60; ++step) {
      if (!turns.empty() && below(6) == 0) turns.resize(1 + below(turns.size()));
      if (!turns.empty() && below(6) == 0) turns.back().is_user = !turns.back().is_user;
      if (!turns.empty() && below(5) == 0) {
        std::string& text = turns[below(turns.size())].text;
        text.resize(below(text.size() + 1));
      }
      Turn turn{"", below(2) == 0};
      for (std::size_t n = below(30); n > 0; --n) turn.text += kParts[below(std::size(kParts))];
      turns.push_back(turn);
      const auto spans = spans_of(turns);
      const std::vector<Token> before(growing.tokens().begin(), growing.tokens().end());
      ASSERT_TRUE(growing.update(spans).ok());
      std::pmr::vector<Token> whole;
      ASSERT_TRUE(tokenizer->encode(spans, {true, true}, &whole).ok());
      ASSERT_EQ(std::vector<Token>(growing.tokens().begin(), growing.tokens().end()),
                std::vector<Token>(whole.begin(), whole.end()));
      ASSERT_LE(growing.n_kept_tokens(), std::min(before.size(), whole.size()));
      ASSERT_TRUE(std::equal(before.begin(),
                             before.begin() + static_cast<std::ptrdiff_t>(growing.n_kept_tokens()),
                             whole.begin()));
    }
  }
}

TEST_P(GrowingTextOf, EncodesOnlyWhatIsNewInALongConversation) {
  const auto tokenizer = open_tokenizer(std::string(MINNOW_TEST_DATA) + "/" + GetParam());
  GrowingText growing(*tokenizer, {true, true}, std::pmr::new_delete_resource());
  std::string text;
  for (int turn = 0; turn < 200; ++turn) {
    text += "A question about the weather in town number " + std::to_string(turn) + "?\n";
    const TextSpan span{text, false};
    ASSERT_TRUE(growing.update({&span, 1}).ok());
    ASSERT_LT(growing.n_encoded_bytes(), 500u) << turn;
  }
}

TEST_P(GrowingTextOf, KeepsNothingWhenTheBeginningChanges) {
  const auto tokenizer = open_tokenizer(std::string(MINNOW_TEST_DATA) + "/" + GetParam());
  GrowingText growing(*tokenizer, {false, true}, std::pmr::new_delete_resource());
  const std::string first = "One text about many things", second = "Zwei other words entirely";
  const TextSpan a{first, false}, b{second, false};
  ASSERT_TRUE(growing.update({&a, 1}).ok());
  ASSERT_TRUE(growing.update({&b, 1}).ok());
  std::pmr::vector<Token> whole;
  ASSERT_TRUE(tokenizer->encode(second, {false, true}, &whole).ok());
  EXPECT_EQ(std::vector<Token>(growing.tokens().begin(), growing.tokens().end()),
            std::vector<Token>(whole.begin(), whole.end()));
  ASSERT_TRUE(growing.update({}).ok());
  EXPECT_TRUE(growing.tokens().empty());
}

INSTANTIATE_TEST_SUITE_P(Tokenizer, GrowingTextOf, ::testing::ValuesIn(kVocabularies),
                         [](const auto& test) {
                           std::string name = test.param;
                           name = name.substr(name.rfind('/') + 1);
                           name = name.substr(0, name.find(".gguf"));
                           for (char& c : name) c = std::isalnum(c) != 0 ? c : '_';
                           return name;
                         });

}  // namespace
}  // namespace minnow
