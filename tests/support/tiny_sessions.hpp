// What the tests of sessions share: the tiny models, one open model a process for each, some
// tokens, and logits as a vector.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "support/model_runs.hpp"

namespace minnow::testing_support {

inline std::string tiny_path(const std::string& name) {
  return data_path("tiny/" + name + ".gguf");
}

// The n-th list of the model's reference tokens: 0 has 5 tokens, 1 has 33, 2 has 90 to 200.
inline std::vector<Token> tiny_tokens(const std::string& name, std::size_t list) {
  const auto lists = read_token_lists(data_path("tiny/" + name + ".tokens.json"));
  EXPECT_EQ(lists.size(), 3u) << name;
  return list < lists.size() ? lists[list] : std::vector<Token>{};
}

// Tokens of any number: the reference's, over and over.
inline std::vector<Token> many_tokens(const std::string& name, std::size_t n) {
  const std::vector<Token> some = tiny_tokens(name, 2);
  std::vector<Token> result;
  for (std::size_t i = 0; !some.empty() && i < n; ++i) result.push_back(some[i % some.size()]);
  return result;
}

// The logits after the last token; empty, and a test failure, when there are none.
inline std::vector<float> last_logits(Session& session) {
  std::span<const float> logits;
  EXPECT_TRUE(is_ok(session.logits(logits)));
  return {logits.begin(), logits.end()};
}

// Options with greedy sampling, so that an answer follows from the logits alone.
inline Options greedy_options() {
  Options options;
  options.sampling.temperature = 0.0f;
  return options;
}

}  // namespace minnow::testing_support
