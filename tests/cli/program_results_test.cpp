// The commands whose results other tools read: tokenize, logits, perplexity, inspect, cpu, bench,
// template.
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/sha256.hpp"
#include "cli/program_output.hpp"
#include "cli/program_process.hpp"

namespace minnow::program_test {
namespace {

using Json = nlohmann::json;

Json json_of(const std::vector<std::string>& arguments) {
  const std::string text = output_of(arguments);
  const Json json = Json::parse(text, nullptr, false);
  EXPECT_FALSE(json.is_discarded()) << text;
  return json;
}

TEST(ProgramTokenize, BatchGivesOneArrayALine) {
  for (const char* model : {"llama", "llama3", "gemma3"}) {
    const Json about = Json::parse(read_bytes(data_file(std::string("tiny/") + model + ".json")));
    std::string batch;
    for (const Json& item : about.at("texts"))
      batch += Json{{"text", item.at("text")}, {"parse_special", false}}.dump() + "\n";
    const ScratchFolder folder;
    const std::string path = folder.write("batch.jsonl", batch);
    const auto lines = lines_of(output_of({"tokenize", tiny(model), "--batch", path, "--no-bos"}));
    ASSERT_EQ(lines.size(), about.at("texts").size()) << model;
    for (std::size_t i = 0; i < lines.size(); ++i)
      EXPECT_EQ(Json::parse(lines[i]), about["texts"][i].at("ids")) << model << " " << i;
    const auto texts = lines_of(output_of(
        {"detokenize", tiny(model), "--batch", folder.write("ids.jsonl", lines[0] + "\n")}));
    EXPECT_EQ(Json::parse(texts.at(0)), about["texts"][0].at("text")) << model;
  }
}

TEST(ProgramTokenize, TakesTextFromOptionFileWordsAndInput) {
  const ScratchFolder folder;
  const std::string path = folder.write("text.txt", "Hello world");
  const Json ids = json_of({"tokenize", tiny("llama"), "--text", "Hello world", "--json"});
  EXPECT_GT(ids.size(), 1u);
  EXPECT_EQ(json_of({"tokenize", tiny("llama"), "--file", path, "--json"}), ids);
  EXPECT_EQ(json_of({"tokenize", tiny("llama"), "Hello", "world", "--json"}), ids);
  EXPECT_EQ(Json::parse(output_of({"tokenize", tiny("llama"), "--json"}, "Hello world")), ids);
  EXPECT_EQ(output_of({"tokenize", tiny("llama"), "--text", "", "--no-bos"}), "");
  const auto lines = lines_of(output_of({"tokenize", tiny("llama"), "--text", "Hello world"}));
  EXPECT_EQ(lines.size(), ids.size());
}

TEST(ProgramTokenize, RefusesWhatIsNoBatch) {
  const ScratchFolder folder;
  for (const char* line : {"{\"text\": 1}\n", "[]\n", "{\"text\"\n"}) {
    const Outcome outcome =
        run_program({"tokenize", tiny("llama"), "--batch", folder.write("bad.jsonl", line)});
    EXPECT_EQ(outcome.exit_code, 1) << line;
    EXPECT_NE(outcome.err.find("line 1"), std::string::npos) << outcome.err;
  }
}

TEST(ProgramLogits, WritesTheReferencesLogits) {
  for (const char* model : {"llama", "qwen2", "gemma3"}) {
    const ScratchFolder folder;
    const std::string tokens = data_file(std::string("tiny/") + model + ".tokens.json");
    output_of({"logits", tiny(model), "--tokens", tokens, "--out", folder.file("out"), "--kv-type",
               "f32"});
    for (int k = 0; k < 3; ++k) {
      const std::string name = ".logits." + std::to_string(k) + ".npy";
      const auto expected = read_array(data_file(std::string("tiny/") + model + name)).values;
      const auto found = read_array(folder.file("out/" + name.substr(1))).values;
      ASSERT_EQ(found.size(), expected.size()) << model << k;
      const auto [least, most] = std::minmax_element(expected.begin(), expected.end());
      float worst = 0;
      for (std::size_t i = 0; i < found.size(); ++i)
        worst = std::max(worst, std::abs(found[i] - expected[i]));
      EXPECT_LT(worst, 1e-3f * (*most - *least)) << model << k;
    }
  }
}

TEST(ProgramLogits, DigestsAreOfTheArraysAndTheSameForAllSplits) {
  const ScratchFolder folder;
  const std::string tokens = data_file("tiny/llama.tokens.json");
  const std::vector<std::string> command = {"logits", tiny("llama"), "--tokens", tokens,
                                            "--digest"};
  const auto digests = lines_of(output_of(command));
  ASSERT_EQ(digests.size(), 3u);
  output_of({"logits", tiny("llama"), "--tokens", tokens, "--out", folder.file("out")});
  for (int k = 0; k < 3; ++k) {
    const auto values = read_array(folder.file("out/logits." + std::to_string(k) + ".npy")).values;
    Sha256 sha;
    sha.update(values.data(), values.size() * sizeof(float));
    EXPECT_EQ(digests[static_cast<std::size_t>(k)], to_hex(sha.digest()));
  }
  const std::vector<std::vector<std::string>> variants = {
      {"-t", "1"}, {"-t", "3"}, {"--batch-size", "1"}, {"--batch-size", "7"}, {"--isa", "scalar"}};
  for (const auto& variant : variants) {
    std::vector<std::string> arguments = command;
    arguments.insert(arguments.end(), variant.begin(), variant.end());
    EXPECT_EQ(lines_of(output_of(arguments)), digests) << variant[0] << " " << variant[1];
  }
}

TEST(ProgramLogits, NamesWhatIsWrongWithTheTokens) {
  const ScratchFolder folder;
  for (const char* tokens : {"[1, 2, 99999]", "[-1]", "[[1], []]", "{}", "[1, \"two\"]", "[1"}) {
    const Outcome outcome = run_program(
        {"logits", tiny("llama"), "--tokens", folder.write("t.json", tokens), "--digest"});
    EXPECT_EQ(outcome.exit_code, 1) << tokens << outcome.err;
    EXPECT_EQ(outcome.err.rfind("minnow: ", 0), 0u) << tokens;
  }
}

TEST(ProgramPerplexity, IsThatOfTheReferencesLogits) {
  const Json lists = Json::parse(read_bytes(data_file("tiny/llama.tokens.json")));
  const auto logits = read_array(data_file("tiny/llama.logits.1.npy")).values;
  const auto tokens = lists[1].get<std::vector<std::size_t>>();
  const std::size_t n_vocab = logits.size() / tokens.size();
  double nll = 0;
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    double sum = 0;
    for (std::size_t v = 0; v < n_vocab; ++v) sum += std::exp(double{logits[i * n_vocab + v]});
    nll += std::log(sum) - logits[i * n_vocab + tokens[i + 1]];
  }
  const double mean = nll / static_cast<double>(tokens.size() - 1);
  const ScratchFolder folder;
  const Json found =
      json_of({"perplexity", tiny("llama"), "--tokens", folder.write("t.json", lists[1].dump()),
               "--json", "--kv-type", "f32"});
  EXPECT_EQ(found.at("n_tokens"), tokens.size());
  EXPECT_EQ(found.at("n_scored"), tokens.size() - 1);
  EXPECT_NEAR(found.at("mean_nll"), mean, 1e-3);
  EXPECT_NEAR(found.at("perplexity"), std::exp(mean), std::exp(mean) * 1e-3);
  const Json file = json_of({"perplexity", tiny("llama"), "--file",
                             folder.write("t.txt", "This is a test of the whole world"), "--json"});
  EXPECT_GT(file.at("n_tokens"), 8);
}

TEST(ProgramInspect, TellsTheFileAndItsMemory) {
  const Json json = json_of({"inspect", tiny("llama"), "--json", "-c", "128"});
  EXPECT_EQ(json.at("architecture"), "llama");
  EXPECT_FALSE(json.at("tensors").empty());
  EXPECT_TRUE(json.at("types").contains("F32"));
  EXPECT_EQ(json.at("memory").at("n_ctx"), 128);
  EXPECT_GT(json.at("memory").at("total_bytes"), json.at("memory").at("kv_bytes"));
  const std::string text = output_of({"inspect", tiny("llama"), "--tensors"});
  EXPECT_NE(text.find("token_embd.weight"), std::string::npos);
  EXPECT_NE(text.find("general.architecture"), std::string::npos);
}

TEST(ProgramCpu, TellsFeaturesAndTheChosenTable) {
  const Json json = json_of({"cpu", "--json"});
  EXPECT_TRUE(json.at("features").is_array());
  bool chosen_is_available = false;
  for (const Json& table : json.at("tables"))
    chosen_is_available |= table.at("name") == json.at("table") && table.at("available") == true;
  EXPECT_TRUE(chosen_is_available);
  EXPECT_EQ(json_of({"cpu", "--json", "--isa", "scalar"}).at("table"), "scalar");
  EXPECT_NE(output_of({"cpu"}).find("(chosen)"), std::string::npos);
}

TEST(ProgramBench, GivesTheFixedNames) {
  const Json json = json_of({"bench", tiny("llama"), "-p", "16", "-n", "4", "-r", "3", "-t", "1",
                             "--parallel", "3", "--json"});
  for (const char* name : {"prefill_tokens_per_s", "decode_tokens_per_s"}) {
    const Json& rates = json.at(name);
    EXPECT_GT(rates.at("min"), 0.0);
    EXPECT_LE(rates.at("min"), rates.at("median"));
    EXPECT_LE(rates.at("median"), rates.at("max"));
  }
  EXPECT_GT(json.at("percent_of_limit").at("decode"), 0.0);
  EXPECT_GT(json.at("limits").at("read_bytes_per_s"), 0.0);
  EXPECT_GT(json.at("peak_resident_bytes"), 0);
  EXPECT_GT(json.at("open_seconds"), 0.0);
  EXPECT_EQ(json.at("cpu").at("threads"), 1);
  EXPECT_EQ(json.at("together").at("n_sessions"), 3);
  EXPECT_GT(json.at("together").at("tokens_per_s").at("min"), 0.0);
  EXPECT_GT(json.at("together").at("times_one").at("median"), 0.0);
}

TEST(ProgramBench, ServesMeasurementsLineByLine) {
  const auto lines =
      lines_of(output_of({"bench", tiny("llama"), "--serve"},
                         "prefill 16 0\ndecode 4 0\ndecode 4 8\nanswer 4 8\nbytes 4 8\n"));
  ASSERT_EQ(lines.size(), 6u);
  EXPECT_GT(Json::parse(lines[0]).at("macs_per_prompt_token"), 0);
  for (std::size_t i = 1; i < lines.size(); ++i) EXPECT_GT(std::stod(lines[i]), 0.0);
  Handling wrong;
  wrong.input = "sing 4 0\n";
  const Outcome refused = run_program({"bench", tiny("llama"), "--serve"}, wrong);
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(refused.err.find("'sing 4 0'"), std::string::npos) << refused.err;
}

TEST(ProgramTemplate, RendersAFileWithItsContext) {
  const ScratchFolder folder;
  const std::string source = folder.write(
      "t.jinja",
      "{% for m in messages %}<{{ m.role }}>{{ m.content }}\n{% endfor %}{{ strftime_now('%Y') }}");
  const std::string context =
      folder.write("c.json", R"({"messages": [{"role": "user", "content": "Hello \u00e9"}]})");
  EXPECT_EQ(output_of({"template", "--template", source, "--context", context, "--now",
                       "2024-07-26 12:34:56"}),
            "<user>Hello \u00e9\n2024");
}

TEST(ProgramTemplate, OwnRefusalEndsWithItsMessage) {
  const ScratchFolder folder;
  const std::string source =
      folder.write("t.jinja", "{{ raise_exception('roles must alternate') }}");
  const Outcome outcome =
      run_program({"template", "--template", source, "--context", folder.write("c.json", "{}")});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_NE(outcome.err.find("roles must alternate"), std::string::npos) << outcome.err;
  EXPECT_EQ(outcome.out, "");
}

}  // namespace
}  // namespace minnow::program_test
