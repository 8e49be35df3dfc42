// Options by name: what is not known or out of range is refused with a message that helps.
#include "runtime/options.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "support/model_runs.hpp"

namespace minnow {
namespace {

using namespace testing_support;

TEST(OptionsByName, SuggestTheNearestNameForAnUnknownOne) {
  Options options;
  EXPECT_TRUE(fails(options.set_int("n_ctxx", 1), StatusCode::kNotFound, {"'n_ctxx'", "'n_ctx'"}));
  EXPECT_TRUE(fails(options.set_int("thread", 1), StatusCode::kNotFound, {"'threads'"}));
  EXPECT_TRUE(
      fails(options.set_float("temprature", 0.5), StatusCode::kNotFound, {"'temperature'"}));
  EXPECT_TRUE(fails(options.set_text("kvtype", "f16"), StatusCode::kNotFound, {"'kv_type'"}));
  EXPECT_TRUE(fails(options.set_text("", "x"), StatusCode::kNotFound, {"''"}));
  EXPECT_TRUE(fails(options.set_int(std::string(100000, 'n'), 1), StatusCode::kNotFound, {}));
}

TEST(OptionsByName, AreTheirDefaultsUntilSet) {
  const Options options;
  EXPECT_EQ(options.threads, 0);
  EXPECT_EQ(options.isa, "auto");
  EXPECT_EQ(options.kv_type, "f16");
  EXPECT_EQ(options.n_batch, 512);
  EXPECT_EQ(options.max_tokens, -1);
}

TEST(OptionsByName, RefuseNumbersOutOfRangeAndKeepTheOld) {
  Options options;
  for (const OptionRow& row : describe_options()) {
    if (std::string(row.type) != "int" || std::string(row.name) == "seed") continue;
    const auto least = static_cast<std::int64_t>(row.least);
    const auto most = static_cast<std::int64_t>(row.most);
    EXPECT_TRUE(is_ok(options.set_int(row.name, least))) << row.name;
    EXPECT_TRUE(is_ok(options.set_int(row.name, most))) << row.name;
    EXPECT_TRUE(
        fails(options.set_int(row.name, most + 1), StatusCode::kInvalidArgument, {row.name}));
    if (least > INT32_MIN) {
      EXPECT_TRUE(
          fails(options.set_int(row.name, least - 1), StatusCode::kInvalidArgument, {row.name}));
    }
  }
  EXPECT_EQ(options.n_batch, 8192);  // the last that was in range
}

TEST(OptionsByName, RefuseValuesOfAnotherType) {
  Options options;
  EXPECT_TRUE(fails(options.set_float("n_ctx", 1.5), StatusCode::kInvalidArgument,
                    {"'n_ctx'", "whole number"}));
  EXPECT_TRUE(fails(options.set_text("n_ctx", "many"), StatusCode::kInvalidArgument,
                    {"'n_ctx'", "'many'"}));
  EXPECT_TRUE(
      fails(options.set_int("kv_type", 16), StatusCode::kInvalidArgument, {"'kv_type'", "text"}));
  EXPECT_TRUE(
      fails(options.set_text("temperature", "hot"), StatusCode::kInvalidArgument, {"temperature"}));
  for (const char* name : {"stop", "samplers", "logit_bias"}) {
    EXPECT_TRUE(fails(options.set_int(name, 1), StatusCode::kInvalidArgument, {name, "text"}));
    EXPECT_TRUE(fails(options.set_float(name, 1.5), StatusCode::kInvalidArgument, {name, "text"}));
  }
}

TEST(OptionsByName, RefuseNumbersThatAreNone) {
  Options options;
  const float before = options.sampling.temperature;
  EXPECT_EQ(options.set_float("temperature", std::nan("")).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(options.set_float("temperature", HUGE_VAL).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(options.sampling.temperature, before);
}

TEST(OptionsByName, RefuseTextsOutsideTheChoices) {
  Options options;
  EXPECT_TRUE(fails(options.set_text("kv_type", "q8"), StatusCode::kInvalidArgument,
                    {"'kv_type'", "'q8'", "f16|f32|q8_0"}));
  EXPECT_TRUE(fails(options.set_text("isa", ""), StatusCode::kInvalidArgument, {"'isa'"}));
  EXPECT_TRUE(fails(options.set_text("isa", "scalar|avx2"), StatusCode::kInvalidArgument, {}));
  EXPECT_TRUE(fails(options.set_text("stop", ""), StatusCode::kInvalidArgument, {"stop"}));
  EXPECT_TRUE(is_ok(options.set_text("kv_type", "f32")));
  EXPECT_EQ(options.kv_type, "f32");
}

TEST(OptionsByName, TakeWholeNumbersWhereNumbersAreTaken) {
  Options options;
  ASSERT_TRUE(is_ok(options.set_int("temperature", 1)));
  EXPECT_EQ(options.sampling.temperature, 1.0f);
}

TEST(OptionsByName, DescribeThemselvesWithNamesOfTheirOwn) {
  std::set<std::string> names;
  for (const OptionRow& row : describe_options()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name << " twice";
    EXPECT_GT(std::string(row.meaning).size(), 10u) << row.name;
    EXPECT_TRUE(std::set<std::string>({"runtime", "model", "session"}).count(row.scope))
        << row.name;
    EXPECT_LE(row.least, row.most) << row.name;
  }
  for (const char* name : {"n_ctx", "threads", "kv_type", "temperature", "stop", "seed"})
    EXPECT_TRUE(names.count(name)) << name;
}

TEST(OptionsByName, NameAnIsaThatIsNotThere) {
  for (const std::string& isa : table_names()) {
    const std::string why = why_not_run(isa);
    Options options;
    ASSERT_TRUE(is_ok(options.set_text("isa", isa)));
    std::shared_ptr<Runtime> runtime;
    if (why.empty()) {
      ASSERT_TRUE(is_ok(Runtime::create(options, runtime)));
      EXPECT_EQ(runtime->table().name, isa);
    } else {
      EXPECT_TRUE(
          fails(Runtime::create(options, runtime), StatusCode::kInvalidArgument, {isa, "lacks"}));
    }
  }
  Options options;
  options.isa = "abacus";
  std::shared_ptr<Runtime> runtime;
  EXPECT_TRUE(fails(Runtime::create(options, runtime), StatusCode::kInvalidArgument,
                    {"'abacus'", "not part of this build"}));
}

}  // namespace
}  // namespace minnow
