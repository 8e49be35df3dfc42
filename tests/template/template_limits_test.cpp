// Template bombs: each ends with a status, quickly, in little memory, on a small stack.
#include <gtest/gtest.h>

#include <chrono>
#include <memory_resource>
#include <string>

#include "support/small_stack.hpp"
#include "template/chat_template.hpp"
#include "template/json_value.hpp"

namespace minnow {
namespace {

std::string repeated(const std::string& text, int n) {
  std::string all;
  for (int i = 0; i < n; ++i) all += text;
  return all;
}

// Counts what the rendering allocates.
class PeakResource final : public std::pmr::memory_resource {
 public:
  std::size_t peak = 0;

 private:
  void* do_allocate(std::size_t bytes, std::size_t alignment) override {
    used_ += bytes;
    if (used_ > peak) peak = used_;
    return std::pmr::new_delete_resource()->allocate(bytes, alignment);
  }
  void do_deallocate(void* place, std::size_t bytes, std::size_t alignment) override {
    used_ -= bytes;
    std::pmr::new_delete_resource()->deallocate(place, bytes, alignment);
  }
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
  std::size_t used_ = 0;
};

struct Bomb {
  std::string source;
  Status status;
  std::size_t peak_bytes = 0;
  std::size_t output_bytes = 0;
};

void explode(Bomb& bomb) {
  ChatTemplate compiled;
  bomb.status = ChatTemplate::compile(bomb.source, {}, &compiled);
  if (!bomb.status.ok()) return;
  PeakResource memory;
  RenderOptions options;
  options.memory = &memory;
  MarkedText out;
  bomb.status = compiled.render(Value::dict(), options, &out);
  bomb.peak_bytes = memory.peak;
  bomb.output_bytes = out.size();
}

Bomb run_bomb(const std::string& source) {
  Bomb bomb{source, {}, 0, 0};
  const auto start = std::chrono::steady_clock::now();
  testing_support::run_on_small_stack([&] { explode(bomb); });
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  // A second on an idle machine; instrumented builds and busy machines get more.
  EXPECT_LT(seconds.count(), 10.0) << source.substr(0, 60);
  EXPECT_LT(bomb.peak_bytes, std::size_t{44} << 20) << source.substr(0, 60);
  return bomb;
}

void expect_refused(const std::string& source) {
  const Bomb bomb = run_bomb(source);
  EXPECT_FALSE(bomb.status.ok()) << source.substr(0, 60);
  EXPECT_FALSE(bomb.status.message().empty()) << source.substr(0, 60);
}

TEST(TemplateLimits, NestingInTheSourceIsRefused) {
  constexpr int n = 100'000;
  expect_refused("{{ " + repeated("(", n) + "1" + repeated(")", n) + " }}");
  expect_refused("{{ " + repeated("[", n) + repeated("]", n) + " }}");
  expect_refused("{{ " + repeated("not ", n) + "1 }}");
  expect_refused("{{ " + repeated("-", n) + "1 }}");
  expect_refused("{{ " + repeated("{'a':", 50'000) + "1" + repeated("}", 50'000) + " }}");
  expect_refused(repeated("{%if 1%}", 60'000));
  expect_refused(repeated("{%for x in y%}", 30'000));
  expect_refused("{{ x" + repeated(" if 1 else x", 30'000) + " }}");
  expect_refused("{{ x" + repeated(" if 1", n) + " }}");
  expect_refused("{{ f" + repeated("(f", n) + repeated(")", n) + " }}");
  expect_refused("{% set " + repeated("(", n) + "a" + repeated(")", n) + " = 1 %}");
}

TEST(TemplateLimits, LongChainsAreNoNesting) {
  EXPECT_TRUE(run_bomb("{{ 'a'" + repeated("|upper", 60'000) + " }}").status.ok());
  EXPECT_TRUE(run_bomb("{{ 1" + repeated(" + 1", 100'000) + " }}").status.ok());
  EXPECT_TRUE(run_bomb("{{ 'a'" + repeated(" ~ 'a'", 60'000) + " }}").status.ok());
  EXPECT_TRUE(run_bomb("{{ 1" + repeated(" and 1", 60'000) + " }}").status.ok());
  EXPECT_TRUE(
      run_bomb("{% if 0 %}" + repeated("{% elif 0 %}", 30'000) + "{% endif %}").status.ok());
  expect_refused("{{ a" + repeated(".b", 200'000) + " }}");
}

TEST(TemplateLimits, EndlessWorkIsRefused) {
  const std::string loops =
      repeated("{% for a in range(100000) %}", 3) + "x" + repeated("{% endfor %}", 3);
  expect_refused(loops);
  expect_refused("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}");
  expect_refused("{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}");
  expect_refused("{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}");
  expect_refused(
      "{% set ns = namespace(l=[]) %}{% for a in range(100000) %}"
      "{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}");
  expect_refused(
      "{% set ns = namespace(l=[]) %}{% for a in range(60) %}"
      "{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l == ns.l|list }}{{ ns.l|tojson }}");
  expect_refused(
      "{% set a = 'a' * 1000000 %}{% for x in range(100000) %}{{ a.find('b') }}{% endfor %}");
  expect_refused(
      "{% set a = 'a' * 100000 %}{% for x in range(100000) %}{% if a|upper %}{% endif %}{% endfor "
      "%}");
  expect_refused("{{ 'a'|map(" + repeated("'map',", 50'000) + "'upper')|list }}");
}

TEST(TemplateLimits, LargeValuesAreRefused) {
  expect_refused("{{ 'a' * 2000000000 }}");
  expect_refused("{{ 'ab' * 9223372036854775807 }}");
  expect_refused("{{ [1] * 2000000000 }}");
  expect_refused(
      "{% set ns = namespace(s='a') %}{% for i in range(40) %}"
      "{% set ns.s = ns.s + ns.s %}{% endfor %}{{ ns.s }}");
  expect_refused(
      "{% set ns = namespace(s=[1]) %}{% for i in range(40) %}"
      "{% set ns.s = ns.s + ns.s %}{% endfor %}{{ ns.s }}");
  expect_refused("{{ range(10 ** 18) }}");
  expect_refused("{{ [1]|tojson(indent=2000000000) }}");
  expect_refused("{{ 'a'|center(2000000000) }}");
  expect_refused("{{ 'a'.ljust(2000000000) }}");
  expect_refused("{{ '%2000000000d' % 1 }}");
  expect_refused("{{ '{:2000000000}'.format(1) }}");
  expect_refused("{{ 'a\nb'|indent(2000000000) }}");
  expect_refused("{{ [1]|batch(2000000000, 0)|list }}");
  expect_refused("{{ [1]|slice(2000000000)|list }}");
  expect_refused("{{ ('a' * 1000000)|replace('a', 'a' * 1000) }}");
  expect_refused("{{ ('a' * 1000000)|list|length }}");
  expect_refused("{% for i in range(100000) %}{{ 'a' * 1000 }}{% endfor %}");
  expect_refused("{% set x %}{% for i in range(100000) %}{{ 'a' * 1000 }}{% endfor %}{% endset %}");
  expect_refused(
      "{% set ns = namespace(l=[]) %}{% for i in range(100000) %}"
      "{% set ns.l = ns.l + ['a' * 10000] %}{% endfor %}");
}

TEST(TemplateLimits, OutputUpToTheLimitIsFine) {
  const Bomb bomb =
      run_bomb("{% set a = 'a' * 1048576 %}{% for i in range(16) %}{{ a }}{% endfor %}");
  EXPECT_TRUE(bomb.status.ok()) << bomb.status.message();
  EXPECT_EQ(bomb.output_bytes, std::size_t{16} << 20);
  expect_refused("{% set a = 'a' * 1048576 %}{% for i in range(17) %}{{ a }}{% endfor %}");
}

TEST(TemplateLimits, DeepValuesAreFreedWithoutRecursion) {
  const Bomb bomb = run_bomb(
      "{% set ns = namespace(l=[]) %}{% for a in range(100000) %}"
      "{% set ns.l = [ns.l] %}{% endfor %}done");
  EXPECT_TRUE(bomb.status.ok()) << bomb.status.message();
}

TEST(TemplateLimits, CyclesOfNamespacesAreFreed) {
  PeakResource memory;
  RenderOptions options;
  options.memory = &memory;
  ChatTemplate compiled;
  ASSERT_TRUE(ChatTemplate::compile("{% for i in range(100) %}{% set a = namespace() %}"
                                    "{% set b = namespace(a=[a]) %}{% set a.b = b %}"
                                    "{% set a.self = a %}{% endfor %}x",
                                    {}, &compiled)
                  .ok());
  MarkedText out;
  ASSERT_TRUE(
      compiled.render(Value::dict(), options, &out).ok());  // the leak checker sees the rest
  EXPECT_EQ(out.text(), "x");
}

TEST(ValueFromJson, RefusesDepthAndMalformedText) {
  Value value;
  EXPECT_TRUE(value_from_json(repeated("[", 128) + repeated("]", 128), true, &value).ok());
  EXPECT_FALSE(value_from_json(repeated("[", 129) + repeated("]", 129), true, &value).ok());
  EXPECT_FALSE(value_from_json(repeated("[", 1'000'000), true, &value).ok());
  EXPECT_FALSE(value_from_json("{\"a\": }", true, &value).ok());
  EXPECT_FALSE(value_from_json("\"\xFF\"", true, &value).ok());
  EXPECT_FALSE(value_from_json("", true, &value).ok());
}

TEST(ValueFromJson, KeepsOrderAndTheLastOfEqualKeys) {
  Value value;
  ASSERT_TRUE(value_from_json(R"({"d": {"z": 1, "a": 2, "z": 3}})", true, &value).ok());
  ChatTemplate compiled;
  ASSERT_TRUE(ChatTemplate::compile("{{ d|tojson }}", {}, &compiled).ok());
  MarkedText out;
  ASSERT_TRUE(compiled.render(value, {}, &out).ok());
  EXPECT_EQ(out.text(), R"({"z": 3, "a": 2})");
}

TEST(ChatTemplate, NamesWhatItDoesNotSupport) {
  const auto message = [](const char* source) {
    ChatTemplate compiled;
    return ChatTemplate::compile(source, {}, &compiled).message();
  };
  EXPECT_EQ(message("a\n {% include 'x' %}"),
            "template line 2, column 5: statement 'include' is not supported");
  EXPECT_EQ(message("{{ 1|nope }}"), "template line 1, column 6: filter 'nope' is not supported");
  EXPECT_EQ(message("{{ 1 is nope }}"), "template line 1, column 6: test 'nope' is not supported");
  EXPECT_EQ(message("{{ 1 + }}"), "template line 1, column 8: unexpected '}}'");
}

TEST(ChatTemplate, LeavesTheOutputUntouchedOnFailure) {
  ChatTemplate compiled;
  ASSERT_TRUE(ChatTemplate::compile("x{{ raise_exception('no: ' ~ 1) }}", {}, &compiled).ok());
  MarkedText out;
  out.append("before", false);
  const Status status = compiled.render(Value::dict(), {}, &out);
  EXPECT_EQ(status.code(), StatusCode::kTemplate);
  EXPECT_EQ(status.message(), "no: 1");
  EXPECT_EQ(out.text(), "before");
}

}  // namespace
}  // namespace minnow
