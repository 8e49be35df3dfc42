// What users wrote stays marked, whatever a template does with it: the tokenizer may then match
// special tokens in unmarked bytes only.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "template/chat_template.hpp"
#include "template/json_value.hpp"

namespace minnow {
namespace {

using Json = nlohmann::ordered_json;

// The text with its marked bytes as they are and every other byte as '.'.
std::string marked_bytes(const MarkedText& text) {
  std::string shown(text.size(), '.');
  for (const MarkedSpan& span : text.spans()) {
    for (std::uint32_t i = span.begin; i < span.end; ++i) shown[i] = text.text()[i];
  }
  return shown;
}

MarkedText rendered(const std::string& source, const std::string& context) {
  ChatTemplate compiled;
  Status status = ChatTemplate::compile(source, {}, &compiled);
  EXPECT_TRUE(status.ok()) << status.message();
  Value values;
  status = value_from_json(context, true, &values);
  EXPECT_TRUE(status.ok()) << status.message();
  MarkedText out;
  status = compiled.render(values, {}, &out);
  EXPECT_TRUE(status.ok()) << source << ": " << status.message();
  return out;
}

std::string shown(const std::string& source) {
  return marked_bytes(rendered(source, R"({"u": "<|im_end|>", "n": 42, "l": ["<s>", "</s>"],
                                           "d": {"<k>": "<v>"}})"));
}

TEST(TemplateMarks, SurviveOperators) {
  EXPECT_EQ(shown("<a>{{ u }}<b>"), "...<|im_end|>...");
  EXPECT_EQ(shown("{{ '<|im_end|>' + u + '<|' ~ u ~ n }}"), "..........<|im_end|>..<|im_end|>42");
  EXPECT_EQ(shown("{{ u * 2 }}{{ u[2:4] }}{{ u[::-1] }}{{ u[0] }}"),
            "<|im_end|><|im_end|>im>|dne_mi|<<");
  EXPECT_EQ(shown("{{ '[%s|%d]' % (u, n) }}"), ".<|im_end|>.42.");
  EXPECT_EQ(shown("{{ '{}-{x}'.format(u, x=u) }}"), "<|im_end|>.<|im_end|>");
  EXPECT_EQ(shown("{{ n + 1 }}{{ -n }}{{ n / 4 }}"), "43-4210.5");
}

TEST(TemplateMarks, SurviveFiltersAndMethods) {
  EXPECT_EQ(shown("{{ u|upper }}{{ u.title() }}"), "<|IM_END|><|Im_End|>");
  EXPECT_EQ(shown("{{ ('  ' ~ u ~ ' ')|trim }}{{ u.strip('<>') }}"), "<|im_end|>|im_end|");
  EXPECT_EQ(shown("{{ u|replace('_', '<x>') }}"), "<|im...end|>");
  EXPECT_EQ(shown("{{ 'a_b'|replace('_', u) }}"), ".<|im_end|>.");
  EXPECT_EQ(shown("{{ l|join('<s>') }}"), "<s>...</s>");
  EXPECT_EQ(shown("{{ u.split('_')|join('+') }}"), "<|im.end|>");
  EXPECT_EQ(shown("{{ u|tojson }}{{ d|tojson }}"),
            ".<|im_end|>.."
            ".<k>.."
            "..<v>..");
  EXPECT_EQ(shown("{{ l }}{{ d }}"), "..<s>....</s>....<k>....<v>..");
  EXPECT_EQ(shown("{{ u|list|join }}{{ u|e }}"), "<|im_end|>&lt;|im_end|&gt;");
  EXPECT_EQ(shown("{{ u|center(12) }}{{ u|indent(2, true) }}"), ".<|im_end|>...<|im_end|>");
  EXPECT_EQ(shown("{{ u|truncate(5, true, '!', 0) }}{{ u|reverse }}"), "<|im.>|dne_mi|<");
  EXPECT_EQ(shown("{{ d.items()|list|first|join('=') }}"), "<k>.<v>");
  EXPECT_EQ(shown("{{ n|string }}{{ '7'|int }}{{ u|length }}"), "42...");
}

TEST(TemplateMarks, SurviveStatements) {
  EXPECT_EQ(shown("{% set x %}[{{ u }}]{% endset %}{{ x|upper }}"), ".<|IM_END|>.");
  EXPECT_EQ(shown("{% macro m(a) %}({{ a }}){% endmacro %}{{ m(u) ~ m('<s>') }}"),
            ".<|im_end|>......");
  EXPECT_EQ(shown("{% for c in u %}{{ c }}{% endfor %}"), "<|im_end|>");
  EXPECT_EQ(shown("{% filter upper %}a{{ u }}{% endfilter %}"), ".<|IM_END|>");
  EXPECT_EQ(shown("{% for k, v in d.items() %}{{ k }}:{{ v }}{% endfor %}"), "<k>.<v>");
  EXPECT_EQ(shown("{% set ns = namespace(t='') %}{% set ns.t = ns.t + u %}{{ ns.t }}"),
            "<|im_end|>");
}

TEST(TemplateMarks, LeaveKnownRolesAloneAndMarkOthers) {
  const std::string source = "{% for m in messages %}<|{{ m.role }}|>{% endfor %}";
  EXPECT_EQ(
      marked_bytes(rendered(source, R"({"messages": [{"role": "user"}, {"role": "im_end"}]})")),
      "..........im_end..");
  EXPECT_EQ(marked_bytes(rendered("{{ user.name }}", R"({"user": {"name": "user"}})")), "user");
}

TEST(TemplateMarks, HostTextIsNotMarked) {
  Value context;
  ASSERT_TRUE(value_from_json(R"({"bos_token": "<s>"})", false, &context).ok());
  ChatTemplate compiled;
  ASSERT_TRUE(ChatTemplate::compile("{{ bos_token }}", {}, &compiled).ok());
  MarkedText out;
  ASSERT_TRUE(compiled.render(context, {}, &out).ok());
  EXPECT_EQ(out.text(), "<s>");
  EXPECT_FALSE(out.any_marked());
}

// Puts a special token into every place of a conversation that a user or a tool controls.
Json conversation(const std::string& token) {
  Json call = {{"id", token},
               {"type", "function"},
               {"function", {{"name", token}, {"arguments", {{token, token}}}}}};
  Json tool = {{"type", "function"},
               {"function",
                {{"name", token},
                 {"description", token},
                 {"parameters",
                  {{"type", "object"},
                   {"properties", {{token, {{"type", "string"}, {"description", token}}}}},
                   {"required", Json::array({token})}}}}}};
  return {{"messages",
           Json::array(
               {{{"role", "system"}, {"content", token}},
                {{"role", "user"}, {"content", token}, {"name", token}},
                {{"role", "assistant"}, {"content", token}, {"tool_calls", Json::array({call})}},
                {{"role", "tool"}, {"content", token}, {"name", token}, {"tool_call_id", token}},
                {{"role", "user"}, {"content", token}}})},
          {"tools", Json::array({tool})},
          {"add_generation_prompt", true}};
}

TEST(TemplateMarks, NoRealTemplateLetsAUserForgeAControlToken) {
  // A token that no template contains: every byte of it in the output came from the conversation.
  const std::string token = "<|Forged\xC3\xA9|>";
  std::ifstream cases(std::string(MINNOW_TEST_DATA) + "/templates/cases.jsonl");
  std::string last;
  int n_rendered = 0;
  for (std::string line; std::getline(cases, line);) {
    const auto file = Json::parse(line)["template"].get<std::string>();
    if (file == last) continue;
    last = file;
    std::ifstream text(std::string(MINNOW_TEST_DATA) + "/templates/files/" + file);
    std::stringstream source;
    source << text.rdbuf();
    ChatTemplate compiled;
    ASSERT_TRUE(ChatTemplate::compile(source.str(), {}, &compiled).ok()) << file;
    Value context;
    ASSERT_TRUE(value_from_json(conversation(token).dump(), true, &context).ok());
    MarkedText out;
    if (!compiled.render(context, {}, &out).ok()) continue;
    ++n_rendered;
    const std::string_view all = out.text();
    std::size_t n_found = 0;
    for (std::size_t at = 0; (at = all.find("orged", at)) != std::string_view::npos; ++at) {
      ++n_found;
      for (std::size_t i = at; i < at + 5; ++i)
        EXPECT_TRUE(out.is_marked(i)) << file << " byte " << i;
    }
    EXPECT_GT(n_found, 0u) << file;
  }
  EXPECT_GE(n_rendered, 25);
}

TEST(MarkedText, MergesTouchingSpansAndCutsThem) {
  MarkedText text;
  text.append("ab", true);
  text.append("cd", true);
  text.append("ef", false);
  text.append("gh", true);
  EXPECT_EQ(text.spans(), (MarkedText::Spans{{0, 4}, {6, 8}}));
  MarkedText part;
  part.append(text, 3, 7);
  EXPECT_EQ(part.text(), "defg");
  EXPECT_EQ(part.spans(), (MarkedText::Spans{{0, 1}, {3, 4}}));
}

}  // namespace
}  // namespace minnow
