// minnow embed, rerank and infill: what other tools read of them, and what they refuse.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/program_output.hpp"
#include "cli/program_process.hpp"
#include "support/model_file.hpp"

namespace minnow::program_test {
namespace {

using Json = nlohmann::json;
using testing_support::Bytes;
using testing_support::ModelFile;

const std::string& bert() {
  static const std::string path = data_file("zoo/bert.gguf");
  return path;
}

TEST(ProgramEmbed, WritesTheReferencesVectors) {
  const std::pair<const char*, const char*> kinds[] = {
      {"none", "hidden"}, {"mean", "mean"}, {"cls", "cls"}};
  for (const auto& [pooling, reference] : kinds) {
    const ScratchFolder folder;
    output_of({"embed", bert(), "--tokens", data_file("zoo/bert.tokens.json"), "--pooling", pooling,
               "--no-normalize", "--out", folder.file("out")});
    for (const char* k : {"0", "1", "2"}) {
      const Array found = read_array(folder.file(std::string("out/embed.") + k + ".npy"));
      const Array expected =
          read_array(data_file(std::string("zoo/bert.") + reference + "." + k + ".npy"));
      EXPECT_EQ(found.shape, expected.shape);
      ASSERT_EQ(found.values.size(), expected.values.size());
      for (std::size_t i = 0; i < found.values.size(); ++i)
        ASSERT_NEAR(found.values[i], expected.values[i], 1e-4) << pooling << k << " " << i;
    }
  }
}

TEST(ProgramEmbed, TakesTextsFromEverywhereAndGivesUnitVectors) {
  const ScratchFolder folder;
  const std::string file = folder.write("text.txt", "Hello world");
  const std::string batch =
      folder.write("batch.jsonl", "{\"text\": \"Hello world\"}\n{\"text\": \"for (int i\"}\n");
  const std::string text = output_of({"embed", bert(), "--text", "Hello world", "--json"});
  EXPECT_EQ(output_of({"embed", bert(), "--file", file, "--json"}), text);
  const auto lines = lines_of(output_of({"embed", bert(), "--batch", batch, "--json"}));
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0] + "\n", text);
  const Json second = Json::parse(lines[1]);
  EXPECT_EQ(second.at("index"), 1);
  double square = 0;
  for (const double value : second.at("embedding")) square += value * value;
  EXPECT_NEAR(square, 1.0, 1e-5);
  // Without --json, numbers; without pooling, a row for [CLS], two words in pieces, and [SEP].
  const auto rows = lines_of(output_of({"embed", bert(), "--text", "x", "--pooling", "none"}));
  EXPECT_EQ(rows.size(), 3u);
  const Json listed =
      Json::parse(output_of({"embed", bert(), "--text", "x", "--pooling", "none", "--json"}));
  EXPECT_EQ(listed.at("embedding").size(), 3u);
  EXPECT_EQ(listed.at("embedding")[0].size(), 64u);
  EXPECT_EQ(listed.at("n_tokens"), 3);
}

TEST(ProgramEmbed, EmbedsWithADecoderToo) {
  const std::vector<std::string> command = {"embed", tiny("qwen2"), "--text", "Hello world"};
  const std::string last = output_of(command);
  EXPECT_EQ(lines_of(last).size(), 1u);
  auto by_name = command;
  by_name.insert(by_name.end(), {"--pooling", "last"});
  EXPECT_EQ(output_of(by_name), last);
  by_name.back() = "mean";
  EXPECT_NE(output_of(by_name), last);
}

TEST(ProgramEmbed, WrongUsageIsTwo) {
  const ScratchFolder folder;
  const std::vector<std::vector<std::string>> wrong = {
      {"embed"},
      {"embed", bert()},
      {"embed", bert(), "--text", "x", "--file", "y"},
      {"embed", bert(), "--text", "x", "--pooling", "median"},
      {"embed", bert(), "--text", "x", "--json", "--out", folder.file("out")},
      {"rerank", bert(), "--query", "x"},
      {"rerank", bert(), "a", "b"},
      {"infill", tiny("llama")},
      {"infill", tiny("llama"), "--prefix", "-", "--suffix", "-"}};
  for (const auto& arguments : wrong) {
    const Outcome outcome = run_program(arguments);
    EXPECT_EQ(outcome.exit_code, 2) << arguments.back() << outcome.err;
    EXPECT_EQ(outcome.out, "");
  }
}

TEST(ProgramEmbed, SaysWhatAModelCannotDo) {
  const ScratchFolder folder;
  const std::string text = folder.write("text.txt", "x");
  struct Case {
    std::vector<std::string> arguments;
    const char* message;
  };
  const std::vector<Case> cases = {
      {{"run", bert(), "x"}, "no next token"},
      {{"rerank", bert(), "--query", "x", "y"}, "no classifier"},
      {{"infill", tiny("llama"), "--prefix", text}, "cannot fill in"},
      {{"embed", bert(), "--file", folder.file("nothing")}, "nothing"},
      {{"logits", tiny("llama"), "--digest", "--tokens",
        folder.write("t.json", "[{\"encoder\": [1], \"decoder\": [2]}]")},
       "no encoder"},
      {{"logits", tiny("llama"), "--digest", "--tokens",
        folder.write("u.json", "[{\"encoder\": [1]}]")},
       "\"decoder\""}};
  for (const Case& item : cases) {
    const Outcome outcome = run_program(item.arguments);
    EXPECT_EQ(outcome.exit_code, 1) << item.message;
    EXPECT_NE(outcome.err.find(item.message), std::string::npos) << outcome.err;
  }
}

// A model that scores pairs, one layer deep.
std::string write_scorer(const ScratchFolder& folder) {
  ModelFile file;
  file.architecture = "bert";
  file.tensors.clear();
  std::map<std::string, std::int64_t> numbers;
  for (const auto& [key, value] : file.numbers) {
    const bool is_models = key.rfind("llama.", 0) == 0;
    numbers[is_models ? "bert." + key.substr(6) : key] = value;
  }
  numbers["bert.block_count"] = 1;
  numbers["bert.attention.head_count_kv"] = 4;
  numbers["bert.pooling_type"] = 4;
  numbers["tokenizer.ggml.seperator_token_id"] = 2;
  file.numbers = numbers;
  file.reals = {{"bert.attention.layer_norm_epsilon", 1e-5f}};
  for (const char* name : {"token_embd_norm", "blk.0.attn_output_norm", "blk.0.layer_output_norm"})
    for (const char* part : {".weight", ".bias"}) file.put(std::string(name) + part, {32});
  for (const char* name : {"attn_q", "attn_k", "attn_v", "attn_output"})
    file.put(std::string("blk.0.") + name + ".weight", {32, 32});
  file.put("blk.0.ffn_up.weight", {32, 48});
  file.put("blk.0.ffn_down.weight", {48, 32});
  file.put("token_embd.weight", {32, 44});
  file.put("token_types.weight", {32, 2});
  file.put("position_embd.weight", {32, 64});
  file.put("cls.output.weight", {32, 1});
  const Bytes bytes = file.build();
  return folder.write("scorer.gguf", {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

TEST(ProgramRerank, SortsDocumentsBestFirst) {
  const ScratchFolder folder;
  const std::string model = write_scorer(folder);
  const std::string documents =
      folder.write("documents.jsonl", "{\"text\": \"BAD\"}\nABC\n{\"text\": \"CAGE\"}\n");
  const std::vector<std::string> command = {"rerank",      model,     "--query", "ABBA",
                                            "--documents", documents, "--json"};
  const auto lines = lines_of(output_of(command));
  ASSERT_EQ(lines.size(), 3u);
  float last = INFINITY;
  std::vector<bool> seen(3);
  const char* const texts[] = {"BAD", "ABC", "CAGE"};
  for (const std::string& line : lines) {
    const Json item = Json::parse(line);
    EXPECT_LE(item.at("score").get<float>(), last);
    last = item.at("score");
    const auto index = item.at("index").get<std::size_t>();
    ASSERT_LT(index, 3u);
    seen[index] = true;
    EXPECT_EQ(item.at("text"), texts[index]);
  }
  EXPECT_EQ(seen, std::vector<bool>(3, true));
  // The same from the command line, as a table, and only the best.
  const auto best = lines_of(
      output_of({"rerank", model, "--query", "ABBA", "BAD", "ABC", "CAGE", "--top-n", "1"}));
  ASSERT_EQ(best.size(), 1u);
  EXPECT_EQ(best[0].substr(best[0].find('\t') + 1), Json::parse(lines[0]).at("text"));
}

}  // namespace
}  // namespace minnow::program_test
