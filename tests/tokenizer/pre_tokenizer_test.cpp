// Words of each pre-tokenizer against those that the published regular expressions give (run by the
// tokenizers library, in tests/data/tokenizer/words.jsonl), and that scanning stays linear.
#include "tokenizer/pre_tokenizer.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

namespace minnow {
namespace {

using nlohmann::json;

std::vector<std::string> words_of(const PreTokenizer& rules, std::string_view text) {
  std::vector<std::string> words;
  WordSplitter splitter(rules, text);
  std::size_t begin = 0, end = 0;
  while (splitter.next(&begin, &end)) words.emplace_back(text.substr(begin, end - begin));
  return words;
}

TEST(PreTokenizer, GivesTheWordsOfThePublishedPatterns) {
  std::ifstream lines(std::string(MINNOW_TEST_DATA) + "/tokenizer/words.jsonl");
  ASSERT_TRUE(lines.good());
  std::map<std::string, int> n_cases;
  for (std::string line; std::getline(lines, line);) {
    const json c = json::parse(line);
    const auto name = c["pre"].get<std::string>();
    const PreTokenizer* rules = find_pre_tokenizer(name);
    ASSERT_NE(rules, nullptr) << name;
    EXPECT_EQ(words_of(*rules, c["text"].get<std::string>()),
              c["words"].get<std::vector<std::string>>())
        << name << ": " << c["text"];
    ++n_cases[name];
  }
  EXPECT_EQ(n_cases.size(), 12u);
  for (const auto& [name, n] : n_cases) EXPECT_GE(n, 100) << name;
}

TEST(PreTokenizer, KnowsEveryNameOfTheFieldAndNoOther) {
  for (const char* name : {"",
                           "default",
                           "gpt-2",
                           "phi-2",
                           "roberta-bpe",
                           "jina-es",
                           "jina-de",
                           "jina-v1-en",
                           "jina-v2-es",
                           "jina-v2-de",
                           "jina-v2-code",
                           "llama-bpe",
                           "llama3",
                           "llama-v3",
                           "falcon3",
                           "qwen2",
                           "deepseek-r1-qwen",
                           "qwen35",
                           "falcon",
                           "mpt",
                           "starcoder",
                           "refact",
                           "command-r",
                           "deepseek-llm",
                           "deepseek-coder",
                           "deepseek-v3",
                           "stablelm2",
                           "smollm",
                           "olmo",
                           "gpt-4o",
                           "llama4",
                           "tekken"}) {
    EXPECT_NE(find_pre_tokenizer(name), nullptr) << name;
  }
  EXPECT_EQ(find_pre_tokenizer("gpt-22"), nullptr);
  EXPECT_EQ(find_pre_tokenizer("Qwen2"), nullptr);
}

// Whatever the bytes, words are not empty and join to the text.
TEST(PreTokenizer, CutsAnyBytesIntoPartsThatJoinAgain) {
  std::mt19937 random(7);
  for (const char* name :
       {"default", "gpt-2", "llama-bpe", "qwen2", "qwen35", "falcon", "starcoder", "gpt-4o",
        "tekken", "deepseek-llm", "deepseek-coder", "deepseek-v3"}) {
    const PreTokenizer* rules = find_pre_tokenizer(name);
    for (int round = 0; round < 300; ++round) {
      std::string text(random() % 40, '\0');
      const bool high = round % 2 == 0;
      for (char& c : text)
        c = static_cast<char>(high ? random() : "aB1 \n'\xCC\x81\xE2"[random() % 9]);
      std::string joined;
      for (const std::string& word : words_of(*rules, text)) {
        EXPECT_FALSE(word.empty());
        joined += word;
      }
      EXPECT_EQ(joined, text) << name;
    }
  }
}

}  // namespace
}  // namespace minnow
