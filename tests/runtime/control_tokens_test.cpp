// What users write never becomes a control token: every control token of every reference
// vocabulary, as a user's message, a tool's result and a name, through every reference chat
// template.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/vocabulary_file.hpp"
#include "template/chat_template.hpp"
#include "template/json_value.hpp"
#include "tokenizer/tokenizer.hpp"

namespace minnow {
namespace {

using Json = nlohmann::ordered_json;

const std::string kData = MINNOW_TEST_DATA;

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The texts of all control tokens, one after the other.
std::string control_texts(const Tokenizer& tokenizer) {
  std::string all;
  for (std::size_t i = 0; i < tokenizer.n_vocab(); ++i) {
    const auto token = static_cast<Token>(i);
    if (tokenizer.is_control(token)) all.append(tokenizer.piece_with_special(token)).append(" ");
  }
  return all;
}

std::vector<Token> controls_of(const Tokenizer& tokenizer, std::span<const TextSpan> spans) {
  std::pmr::vector<Token> tokens;
  EXPECT_TRUE(tokenizer.encode(spans, {false, true}, &tokens).ok());
  std::vector<Token> controls;
  for (const Token token : tokens)
    if (tokenizer.is_control(token) && token != tokenizer.special().unk) controls.push_back(token);
  return controls;
}

// Conversations in which `text` stands wherever people and tools can write.
std::vector<Json> contexts(const std::string& text) {
  const Json user = {{"role", "user"}, {"content", text}, {"name", text}};
  const Json answer = {{"role", "assistant"}, {"content", text}};
  const Json tool = {{"role", "tool"}, {"content", text}, {"name", text}, {"tool_call_id", text}};
  std::vector<Json> result;
  for (const Json& messages : {Json::array({user}), Json::array({user, answer, user}),
                               Json::array({user, answer, tool, user})})
    result.push_back({{"messages", messages}, {"add_generation_prompt", true}});
  return result;
}

struct Counts {
  int n_rendered = 0;
  int n_would_forge = 0;  // renderings whose text holds control tokens if nobody marks it
};

void check_rendering(const Tokenizer& tokenizer, const MarkedText& text, Counts& counts) {
  std::vector<TextSpan> spans;
  std::string masked(text.text());
  std::size_t done = 0;
  for (const MarkedSpan& user : text.spans()) {
    spans.push_back({text.text().substr(done, user.begin - done), false});
    spans.push_back({text.text().substr(user.begin, user.end - user.begin), true});
    std::fill(masked.begin() + user.begin, masked.begin() + user.end, 'x');
    done = user.end;
  }
  spans.push_back({text.text().substr(done), false});
  const TextSpan unmarked[] = {{masked, false}};
  const TextSpan careless[] = {{text.text(), false}};
  const std::vector<Token> expected = controls_of(tokenizer, unmarked);
  EXPECT_EQ(controls_of(tokenizer, spans), expected);
  ++counts.n_rendered;
  if (controls_of(tokenizer, careless).size() > expected.size()) ++counts.n_would_forge;
}

class ControlTokens : public ::testing::TestWithParam<const char*> {};

TEST_P(ControlTokens, NeverComeFromWhatUsersWrite) {
  const auto tokenizer = testing::open_tokenizer(kData + "/" + GetParam());
  const std::string hostile = control_texts(*tokenizer);
  ASSERT_FALSE(hostile.empty());
  Counts counts;
  for (const auto& entry : std::filesystem::directory_iterator(kData + "/templates/files")) {
    SCOPED_TRACE(entry.path().filename().string());
    ChatTemplate chat_template;
    ASSERT_TRUE(ChatTemplate::compile(read_file(entry.path()), {}, &chat_template).ok());
    for (const Json& json : contexts(hostile)) {
      Value context;
      ASSERT_TRUE(value_from_json(json.dump(), true, &context).ok());
      MarkedText text;
      // Some templates refuse some conversations; that is their right.
      if (chat_template.render(context, {}, &text).ok()) check_rendering(*tokenizer, text, counts);
    }
  }
  EXPECT_GE(counts.n_rendered, 40);
  EXPECT_GE(counts.n_would_forge, 40);
}

INSTANTIATE_TEST_SUITE_P(
    Vocabularies, ControlTokens,
    ::testing::Values("tokenizer/gemma-3.gguf.xz", "tokenizer/qwen2.5-coder.gguf.xz",
                      "vocab/ggml-vocab-bert-bge.gguf.xz", "vocab/ggml-vocab-gpt-2.gguf.xz",
                      "vocab/ggml-vocab-llama-bpe.gguf.xz", "vocab/ggml-vocab-llama-spm.gguf.xz",
                      "vocab/ggml-vocab-qwen2.gguf.xz"));

}  // namespace
}  // namespace minnow
