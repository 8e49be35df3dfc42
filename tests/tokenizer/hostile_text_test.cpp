// Strings built to be quadratic or deep: time grows with the length, on a thread with 256 KiB of
// stack. And normalisers that are no normalisers.
#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <string>

#include "support/small_stack.hpp"
#include "support/small_vocabulary.hpp"
#include "support/vocabulary_file.hpp"

namespace minnow {
namespace {

using testing::decode;
using testing::encode;
using testing::open_tokenizer;
using testing_support::run_on_small_stack;

const std::string kData = MINNOW_TEST_DATA;

std::string repeated(std::string_view part, std::size_t n_bytes) {
  std::string text;
  text.reserve(n_bytes + part.size());
  while (text.size() < n_bytes) text += part;
  return text;
}

double cpu_seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double seconds_to_encode(const Tokenizer& tokenizer, const std::string& text) {
  std::pmr::vector<Token> ids;
  const double start = cpu_seconds();
  const Status status = tokenizer.encode(text, {true, true}, &ids);
  EXPECT_TRUE(status.ok()) << status.message();
  return cpu_seconds() - start;
}

const char* const kParts[] = {"a",        "A",       " ",          "\n",         " \n",
                              "\u0301",   "e\u0301", "\u4f60",     "1",          "'",
                              "'s",       "!",       "<|im_",      "<|im_end|>", "\xFF",
                              "\xE4\xBD", "aA",      "\u4f60\x41", "\u0903 ",    "\u3000",
                              "\t ",      "=-",      "\u2581",     "\U0001F642", "[MASK]"};

class HostileText : public ::testing::TestWithParam<const char*> {};

TEST_P(HostileText, TakesTimeInProportionOnASmallStack) {
  const auto tokenizer = open_tokenizer(kData + "/" + GetParam());
  run_on_small_stack([&] {
    for (const char* part : kParts) {
      constexpr std::size_t kSmall = 50000, kTimes = 16;
      const std::string text = repeated(part, kSmall);
      const double small =
          std::min(seconds_to_encode(*tokenizer, text), seconds_to_encode(*tokenizer, text));
      const double large = seconds_to_encode(*tokenizer, repeated(part, kSmall * kTimes));
      // Four times the proportional time: quadratic would be sixteen times.
      EXPECT_LT(large, (small + 0.001) * kTimes * 4) << "'" << part << "'";
    }
  });
}

TEST_P(HostileText, RandomBytesAreEncodedAndDecoded) {
  const auto tokenizer = open_tokenizer(kData + "/" + GetParam());
  const bool keeps_bytes = tokenizer->model_name() == "gpt2" || tokenizer->model_name() == "llama";
  std::mt19937 random(11);
  for (int round = 0; round < 300; ++round) {
    std::string text(random() % 200, '\0');
    for (char& c : text)
      c = static_cast<char>(round % 3 == 0 ? random()
                                           : " aZ1\n'\xCC\x81\xE4\xBD\xA0<|>"[random() % 14]);
    const std::vector<Token> ids = encode(*tokenizer, text, {false, round % 2 == 0});
    for (const Token id : ids) {
      ASSERT_GE(id, 0);
      ASSERT_LT(static_cast<std::size_t>(id), tokenizer->n_vocab());
    }
    const std::string back = decode(*tokenizer, ids);
    if (keeps_bytes && text.find("\u2581") == std::string::npos) {
      ASSERT_EQ(back, text) << "round " << round;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Tokenizer, HostileText,
    ::testing::Values("tokenizer/gemma-3.gguf.xz", "tokenizer/qwen2.5-coder.gguf.xz",
                      "vocab/ggml-vocab-llama-bpe.gguf.xz", "vocab/ggml-vocab-llama-spm.gguf.xz",
                      "vocab/ggml-vocab-gpt-2.gguf.xz", "vocab/ggml-vocab-bert-bge.gguf.xz",
                      "tokenizer/zoo/t5.gguf", "tokenizer/zoo/falcon7b.gguf",
                      "tokenizer/gemma4-small.gguf"),
    [](const auto& test) {
      std::string name = test.param;
      name = name.substr(name.rfind('/') + 1);
      name = name.substr(0, name.find(".gguf"));
      for (char& c : name) c = std::isalnum(c) != 0 ? c : '_';
      return name;
    });

TEST(HostileVocabulary, ANormaliserOfNoiseOnlyGivesOddText) {
  std::mt19937 random(5);
  int n_built = 0;
  for (int round = 0; round < 2000; ++round) {
    testing::SmallVocabulary vocabulary;
    vocabulary.model = "t5";
    vocabulary.add("<pad>", TokenType::kControl);
    vocabulary.add("</s>", TokenType::kControl);
    vocabulary.add("<unk>", TokenType::kUnknown);
    for (const char* piece : {"\u2581", "a", "b",
                              "\u2581"
                              "a",
                              "ab"})
      vocabulary.add(piece);
    const std::uint32_t n_units = random() % 64;
    const std::uint32_t n_said =
        round % 3 == 0 ? static_cast<std::uint32_t>(random()) : n_units * 4;
    vocabulary.charsmap.append(reinterpret_cast<const char*>(&n_said), 4);
    for (std::uint32_t i = 0; i < n_units * 4; ++i) {
      vocabulary.charsmap.push_back(
          static_cast<char>(random() % 3 == 0 ? random() : random() % 128));
    }
    for (std::size_t i = random() % 50; i > 0; --i)
      vocabulary.charsmap.push_back("a b\0"[random() % 4]);
    if (round % 5 != 0) vocabulary.charsmap.push_back('\0');
    std::unique_ptr<const Tokenizer> tokenizer;
    if (!vocabulary.build(&tokenizer).ok()) continue;
    ++n_built;
    std::string text(300, '\0');
    for (char& c : text) c = static_cast<char>(random());
    EXPECT_LE(encode(*tokenizer, text).size(), text.size() * 256);
  }
  EXPECT_GT(n_built, 500);
}

TEST(HostileVocabulary, ALoopingNormaliserEndsInProportion) {
  // Every unit is the child of every other and has a value: a walk never ends by itself.
  testing::SmallVocabulary vocabulary;
  vocabulary.model = "t5";
  vocabulary.add("<pad>", TokenType::kControl);
  vocabulary.add("</s>", TokenType::kControl);
  vocabulary.add("<unk>", TokenType::kUnknown);
  vocabulary.add("a");
  const std::uint32_t n_bytes = 256 * 4;
  vocabulary.charsmap.append(reinterpret_cast<const char*>(&n_bytes), 4);
  for (std::uint32_t i = 0; i < 256; ++i) {
    const std::uint32_t unit = 'a' | 1u << 8 | static_cast<std::uint32_t>('a') << 10;
    vocabulary.charsmap.append(reinterpret_cast<const char*>(&unit), 4);
  }
  vocabulary.charsmap += std::string("a\0", 2);
  std::unique_ptr<const Tokenizer> tokenizer;
  ASSERT_TRUE(vocabulary.build(&tokenizer).ok());
  EXPECT_LT(seconds_to_encode(*tokenizer, repeated("a", 1 << 20)), 5.0);
}

}  // namespace
}  // namespace minnow
