// Renders real chat templates and compares with what transformers renders.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "template/chat_template.hpp"
#include "template/json_value.hpp"

namespace minnow {
namespace {

using Json = nlohmann::ordered_json;

const std::string kFolder = std::string(MINNOW_TEST_DATA) + "/templates/";

std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

Status render(const std::string& source, const Json& context, std::string* text) {
  ChatTemplate compiled;
  MINNOW_TRY(ChatTemplate::compile(source, {}, &compiled));
  Value values;
  MINNOW_TRY(value_from_json(context.dump(), true, &values));
  RenderOptions options;
  options.now = {2024, 7, 26, 12, 34, 56};
  MarkedText out;
  MINNOW_TRY(compiled.render(values, options, &out));
  *text = out.text();
  return {};
}

struct Tally {
  int expected = 0;
  int raised = 0;
  int refused = 0;
};

// Checks one case: its text, or the template's own message, or (an error of Python) any refusal.
void check(const std::string& name, const std::string& source, const Json& one, const Json& context,
           Tally* tally) {
  std::string text;
  const Status status = render(source, context, &text);
  if (one.contains("expected")) {
    ++tally->expected;
    EXPECT_TRUE(status.ok()) << name << ": " << status.message();
    EXPECT_EQ(text, one["expected"].get<std::string>()) << name;
  } else if (one["error"]["kind"] == "raise_exception") {
    ++tally->raised;
    EXPECT_EQ(status.code(), StatusCode::kTemplate) << name;
    EXPECT_EQ(status.message(), one["error"]["message"].get<std::string>()) << name;
  } else {
    ++tally->refused;
    EXPECT_FALSE(status.ok()) << name << " renders " << text;
    EXPECT_NE(status.code(), StatusCode::kTemplate) << name;
  }
}

TEST(ChatTemplate, RendersTheReferenceTemplatesAsTransformersDoes) {
  std::ifstream cases(kFolder + "cases.jsonl");
  Tally tally;
  for (std::string line; std::getline(cases, line);) {
    const Json one = Json::parse(line);
    const auto file = one["template"].get<std::string>();
    check(file + " " + one["case"].get<std::string>(), read_text(kFolder + "files/" + file), one,
          one["context"], &tally);
  }
  EXPECT_EQ(tally.expected, 257);
  EXPECT_EQ(tally.raised, 3);
  EXPECT_EQ(tally.refused, 28);
}

TEST(ChatTemplate, RendersSmallExpressionsAsJinjaDoes) {
  std::ifstream cases(kFolder + "expressions.jsonl");
  const Json context = Json::parse(read_text(kFolder + "expressions_context.json"));
  Tally tally;
  for (std::string line; std::getline(cases, line);) {
    const Json one = Json::parse(line);
    const auto source = one["source"].get<std::string>();
    check(source, source, one, context, &tally);
  }
  EXPECT_GE(tally.expected, 300);
  EXPECT_GE(tally.refused, 100);
}

}  // namespace
}  // namespace minnow
