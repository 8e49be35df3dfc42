// Token ids against those of other implementations: every string of the reference data, for real
// vocabularies and for the small ones of the zoo.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "support/vocabulary_file.hpp"

namespace minnow {
namespace {

using nlohmann::json;
using testing::decode;
using testing::encode;
using testing::open_tokenizer;

const std::string kData = MINNOW_TEST_DATA;

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path << " is missing";
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// ---- strings and ids of real vocabularies, one JSON object a line
// ---------------------------------

struct Vectors {
  const char* vocabulary;
  const char* lines;
};

class RealVocabulary : public ::testing::TestWithParam<Vectors> {};

TEST_P(RealVocabulary, GivesTheReferenceIdsAndDecodesThem) {
  const auto tokenizer = open_tokenizer(kData + "/tokenizer/" + GetParam().vocabulary);
  std::ifstream lines(kData + "/tokenizer/" + GetParam().lines);
  ASSERT_TRUE(lines.good());
  int n_cases = 0;
  for (std::string line; std::getline(lines, line); ++n_cases) {
    const json c = json::parse(line);
    const auto text = c["text"].get<std::string>();
    const auto ids = encode(*tokenizer, text, {false, c["parse_special"].get<bool>()});
    const auto expected = c["ids"].get<std::vector<Token>>();
    const auto other = c.value("alt_ids", expected);
    EXPECT_TRUE(ids == expected || ids == other) << line << "\n" << ::testing::PrintToString(ids);
    EXPECT_EQ(decode(*tokenizer, expected), c.value("decoded", text)) << line;
  }
  EXPECT_EQ(n_cases, 256);
}

INSTANTIATE_TEST_SUITE_P(Tokenizer, RealVocabulary,
                         ::testing::Values(Vectors{"gemma-3.gguf.xz", "gemma3.jsonl"},
                                           Vectors{"qwen2.5-coder.gguf.xz", "qwen2.jsonl"}),
                         [](const auto& test) {
                           const std::string name = test.param.lines;
                           return name.substr(0, name.find('.'));
                         });

// ---- random strings of difficult characters, ids by sentencepiece and tokenizers
// ------------------

class DifficultStrings : public ::testing::TestWithParam<Vectors> {};

TEST_P(DifficultStrings, GiveTheIdsOfTheOriginalTokenizers) {
  const auto tokenizer = open_tokenizer(kData + "/" + GetParam().vocabulary);
  std::ifstream lines(kData + "/tokenizer/" + GetParam().lines);
  ASSERT_TRUE(lines.good());
  int n_cases = 0;
  for (std::string line; std::getline(lines, line); ++n_cases) {
    const json c = json::parse(line);
    EXPECT_EQ(encode(*tokenizer, c["text"].get<std::string>()), c["ids"].get<std::vector<Token>>())
        << c["text"];
  }
  EXPECT_GE(n_cases, 90);
}

INSTANTIATE_TEST_SUITE_P(
    Tokenizer, DifficultStrings,
    ::testing::Values(Vectors{"tokenizer/gemma4-small.gguf", "gemma4-small.jsonl"},
                      Vectors{"tokenizer/zoo/t5.gguf", "t5.jsonl"},
                      Vectors{"vocab/ggml-vocab-bert-bge.gguf.xz", "bert-bge.jsonl"},
                      Vectors{"vocab/ggml-vocab-llama-spm.gguf.xz", "llama-spm.jsonl"},
                      Vectors{"vocab/ggml-vocab-llama-bpe.gguf.xz", "llama-bpe.jsonl"}),
    [](const auto& test) {
      std::string name = test.param.lines;
      name = name.substr(0, name.find('.'));
      for (char& c : name) c = c == '-' ? '_' : c;
      return name;
    });

// ---- vocabularies with test strings and ids in two files
// ------------------------------------------

std::vector<std::string> split(const std::string& text, const std::string& divider) {
  std::vector<std::string> parts;
  std::size_t from = 0;
  for (std::size_t at; (at = text.find(divider, from)) != std::string::npos;
       from = at + divider.size()) {
    parts.push_back(text.substr(from, at - from));
  }
  parts.push_back(text.substr(from));
  return parts;
}

class VocabularyOnly : public ::testing::TestWithParam<const char*> {};

TEST_P(VocabularyOnly, GivesTheListedIds) {
  const std::string base = kData + "/vocab/ggml-vocab-" + GetParam() + ".gguf";
  const auto tokenizer = open_tokenizer(base + ".xz");
  const auto texts = split(read_file(base + ".inp"), "\n__ggml_vocab_test__\n");
  const auto lines = split(read_file(base + ".out"), "\n");
  ASSERT_GE(texts.size(), 40u);
  ASSERT_GE(lines.size(), texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    std::istringstream line(lines[i]);
    const std::vector<Token> expected{std::istream_iterator<Token>(line), {}};
    EXPECT_EQ(encode(*tokenizer, texts[i]), expected) << i << ": '" << texts[i] << "'";
  }
}

INSTANTIATE_TEST_SUITE_P(Tokenizer, VocabularyOnly,
                         ::testing::Values("bert-bge", "gpt-2", "llama-bpe", "llama-spm", "qwen2"),
                         [](const auto& test) {
                           std::string name = test.param;
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

// ---- the zoo's small vocabularies
// -----------------------------------------------------------------

class ZooVocabulary : public ::testing::TestWithParam<const char*> {};

TEST_P(ZooVocabulary, GivesTheReferenceIds) {
  const std::string base = kData + "/tokenizer/zoo/" + GetParam();
  const auto tokenizer = open_tokenizer(base + ".gguf");
  const json texts = json::parse(read_file(base + ".texts.json"));
  ASSERT_FALSE(texts.empty());
  for (const json& c : texts) {
    EXPECT_EQ(encode(*tokenizer, c["text"].get<std::string>()), c["ids"].get<std::vector<Token>>())
        << c["text"];
  }
}

INSTANTIATE_TEST_SUITE_P(Tokenizer, ZooVocabulary,
                         ::testing::Values("bert", "falcon7b", "falcon_new", "gemma", "gemma2",
                                           "gemma3", "gpt2", "llama", "llama3", "mistral",
                                           "mixtral", "phi2", "phi3", "qwen2", "qwen3", "t5"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace minnow
