// minnow run: streaming, figures, piped input, seeds, stops.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/program_process.hpp"

namespace minnow::program_test {
namespace {

using Json = nlohmann::json;

Json run_json(const std::string& model, std::vector<std::string> arguments,
              const std::string& input = "") {
  arguments.insert(arguments.begin(), {"run", tiny(model), "--json"});
  Handling handling;
  handling.input = input;
  const Outcome outcome = run_program(arguments, handling);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  const Json json = Json::parse(outcome.out, nullptr, false);
  EXPECT_TRUE(json.is_object()) << outcome.out;
  return json;
}

TEST(ProgramRun, AnswersOnOutputAndFiguresOnErrors) {
  const std::vector<std::string> arguments = {"run", tiny("llama"), "--raw",  "-p", "Hello world",
                                              "-n",  "8",           "--seed", "1"};
  const Outcome outcome = run_program(arguments);
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_FALSE(outcome.out.empty());
  EXPECT_EQ(outcome.out.back(), '\n');
  EXPECT_EQ(outcome.out.find("tok/s"), std::string::npos);
  EXPECT_EQ(outcome.err.rfind("[prompt ", 0), 0u) << outcome.err;
  EXPECT_NE(outcome.err.find(" | answer 8 tok, "), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find(" | first token "), std::string::npos);
  EXPECT_NE(outcome.err.find(" MB]\n"), std::string::npos);
  EXPECT_EQ(outcome.err.find('\033'), std::string::npos) << "colour without a terminal";

  std::vector<std::string> quiet = arguments;
  quiet.push_back("-q");
  EXPECT_EQ(run_program(quiet).err, "");
  EXPECT_EQ(run_program(quiet).out, outcome.out);
}

TEST(ProgramRun, JsonTellsTextReasonAndFigures) {
  const Json json = run_json("llama", {"--raw", "-p", "Hello world", "-n", "8", "--temp", "0"});
  EXPECT_EQ(json.at("answer_tokens"), 8);
  EXPECT_EQ(json.at("reason"), "length");
  EXPECT_TRUE(json.at("text").is_string());
  EXPECT_GT(json.at("prompt_tokens"), 0);
  EXPECT_GT(json.at("peak_resident_bytes"), 1'000'000);
  EXPECT_GT(json.at("start_to_first_token_seconds"), 0.0);
}

TEST(ProgramRun, SameSeedSameAnswerOtherSeedsOthers) {
  const auto text = [](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"--raw", "-p", "Hello", "-n", "24", "--temp", "1.5"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_json("llama", arguments).at("text").get<std::string>();
  };
  EXPECT_EQ(text({"--seed", "7"}), text({"--seed", "7"}));
  EXPECT_EQ(text({"--seed", "7", "-t", "1"}), text({"--seed", "7", "-t", "2"}));
  EXPECT_NE(text({"--seed", "7"}), text({"--seed", "8"}));
  EXPECT_NE(text({}), text({}));  // a seed of its own each time
}

TEST(ProgramRun, PromptComesFromOptionsWordsAndInput) {
  const std::vector<std::string> common = {"--raw", "-n", "4", "--temp", "0"};
  const auto with = [&](std::vector<std::string> more, const std::string& input) {
    more.insert(more.end(), common.begin(), common.end());
    return run_json("llama", more, input);
  };
  const Json whole = with({"-p", "Hello world"}, "");
  EXPECT_EQ(with({"Hello", "world"}, "").at("text"), whole.at("text"));
  EXPECT_EQ(with({}, "Hello world").at("text"), whole.at("text"));
  const Json joined = with({"-p", "Hello\n\nworld"}, "");
  EXPECT_EQ(with({"-p", "Hello"}, "world").at("text"), joined.at("text"));
  EXPECT_EQ(with({"Hello"}, "world").at("prompt_tokens"), joined.at("prompt_tokens"));
}

TEST(ProgramRun, StopsBeforeAStopText) {
  const Json free = run_json("llama", {"--raw", "-p", "Hello", "-n", "32", "--temp", "0"});
  const std::string text = free.at("text");
  ASSERT_GE(text.size(), 6u);
  const std::string stop = text.substr(3, 2);
  const Json stopped =
      run_json("llama", {"--raw", "-p", "Hello", "-n", "32", "--temp", "0", "--stop", stop});
  EXPECT_EQ(stopped.at("reason"), "stop");
  EXPECT_EQ(stopped.at("text"), text.substr(0, text.find(stop)));
}

TEST(ProgramRun, FullContextIsAReasonAndANote) {
  const Json json = run_json("llama", {"--raw", "-p", "Hello world", "-c", "16", "--temp", "0"});
  EXPECT_TRUE(json.at("reason") == "context" || json.at("reason") == "end") << json;
  EXPECT_LE(json.at("position"), 16);
}

}  // namespace
}  // namespace minnow::program_test
