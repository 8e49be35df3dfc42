// Options by name, the order of the chain, and what is refused.
#include "sampling/sampling_params.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

namespace minnow {
namespace {

TEST(SamplerOrder, DefaultIsTheFields) {
  EXPECT_EQ(to_string(SamplerOrder()),
            "penalties;dry;top_n_sigma;top_k;typ_p;top_p;min_p;xtc;temperature");
}

TEST(SamplerOrder, ParsesNamesOtherNamesAndSeparators) {
  SamplerOrder order;
  ASSERT_TRUE(parse_samplers(" temp ; top-k,nucleus;typical;;min-p;top-n-sigma", &order).ok());
  EXPECT_EQ(to_string(order), "temperature;top_k;top_p;typ_p;min_p;top_n_sigma");
  ASSERT_TRUE(parse_samplers("", &order).ok());
  EXPECT_TRUE(order.stages().empty());
  ASSERT_TRUE(parse_samplers("top_k;top_k", &order).ok());
  EXPECT_EQ(to_string(order), "top_k;top_k");
}

TEST(SamplerOrder, ParsesLetters) {
  SamplerOrder order;
  ASSERT_TRUE(parse_sampling_seq("edskypmxt", &order).ok());
  EXPECT_EQ(to_string(order), to_string(SamplerOrder()));
  const Status status = parse_sampling_seq("kz", &order);
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_NE(status.message().find("'z'"), std::string::npos);
  EXPECT_EQ(to_string(order), to_string(SamplerOrder()));
}

TEST(SamplerOrder, RefusesUnknownNamesAndLeavesTheOrder) {
  SamplerOrder order;
  for (const char* text : {"top_k;tfs", "logit_bias", "mirostat"}) {
    const Status status = parse_samplers(text, &order);
    EXPECT_EQ(status.code(), StatusCode::kNotFound) << text;
    EXPECT_NE(status.message().find("top_n_sigma"), std::string::npos) << "names are listed";
  }
  std::string many;
  for (int i = 0; i < 33; ++i) many += "top_k;";
  EXPECT_EQ(parse_samplers(many, &order).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(to_string(order), to_string(SamplerOrder()));
}

TEST(SamplingOptions, AllCanBeReadSetAndAreInRange) {
  std::set<std::string> names;
  for (const SamplingOption& option : sampling_options()) {
    SamplingParams params;
    double value = -12345;
    ASSERT_TRUE(get_sampling_option(params, option.name, &value).ok()) << option.name;
    EXPECT_EQ(value, option.initial) << option.name;
    EXPECT_LE(option.least, value) << option.name;
    EXPECT_GE(option.most, value) << option.name;
    EXPECT_GT(std::string(option.meaning).size(), 10u);
    EXPECT_TRUE(names.insert(option.name).second) << option.name;
    ASSERT_TRUE(set_sampling_option(option.name, 1.0, &params).ok()) << option.name;
    ASSERT_TRUE(get_sampling_option(params, option.name, &value).ok());
    EXPECT_EQ(value, 1.0) << option.name;
  }
  EXPECT_EQ(names.size(), 23u);
}

TEST(SamplingOptions, DefaultsAreTheFields) {
  const SamplingParams p;
  EXPECT_EQ(p.seed, 4294967295u);
  EXPECT_EQ(p.temperature, 0.8f);
  EXPECT_EQ(p.top_k, 40);
  EXPECT_EQ(p.top_p, 0.95f);
  EXPECT_EQ(p.min_p, 0.05f);
  EXPECT_EQ(p.typical_p, 1.0f);
  EXPECT_EQ(p.top_n_sigma, -1.0f);
  EXPECT_EQ(p.xtc_threshold, 0.1f);
  EXPECT_EQ(p.repeat_last_n, 64);
  EXPECT_EQ(p.dry_base, 1.75f);
  EXPECT_EQ(p.mirostat_tau, 5.0f);
  EXPECT_EQ(p.dry_sequence_breakers, (std::vector<std::string>{"\n", ":", "\"", "*"}));
}

TEST(SamplingOptions, TakeTextAndOtherSpellings) {
  SamplingParams params;
  ASSERT_TRUE(set_sampling_option("temp", "1.25", &params).ok());
  EXPECT_EQ(params.temperature, 1.25f);
  ASSERT_TRUE(set_sampling_option("top-k", "7", &params).ok());
  EXPECT_EQ(params.top_k, 7);
  ASSERT_TRUE(set_sampling_option("seed", "18446744073709551615", &params).ok());
  EXPECT_EQ(params.seed, ~std::uint64_t{0});
  ASSERT_TRUE(set_sampling_option("samplers", "top_k;temperature", &params).ok());
  EXPECT_EQ(to_string(params.order), "top_k;temperature");
  ASSERT_TRUE(set_sampling_option("sampling-seq", "t", &params).ok());
  EXPECT_EQ(to_string(params.order), "temperature");
  ASSERT_TRUE(set_sampling_option("dry-sequence-breaker", "none", &params).ok());
  ASSERT_TRUE(set_sampling_option("dry-sequence-breaker", ";", &params).ok());
  EXPECT_EQ(params.dry_sequence_breakers, std::vector<std::string>{";"});
}

TEST(SamplingOptions, ParseLogitBias) {
  SamplingParams params;
  ASSERT_TRUE(set_sampling_option("logit-bias", "15+1.5", &params).ok());
  ASSERT_TRUE(set_sampling_option("logit-bias", "16-2", &params).ok());
  ASSERT_TRUE(set_sampling_option("logit-bias", "17-inf", &params).ok());
  ASSERT_EQ(params.logit_bias.size(), 3u);
  EXPECT_EQ(params.logit_bias[0].token, 15);
  EXPECT_EQ(params.logit_bias[0].bias, 1.5f);
  EXPECT_EQ(params.logit_bias[1].bias, -2.0f);
  EXPECT_EQ(params.logit_bias[2].bias, -std::numeric_limits<float>::infinity());
  for (const char* text : {"", "15", "+1", "a+1", "15+", "15+inf", "15-nan", "15+1x", "-3+1"}) {
    EXPECT_EQ(set_sampling_option("logit_bias", text, &params).code(), StatusCode::kInvalidArgument)
        << text;
  }
  EXPECT_EQ(params.logit_bias.size(), 3u);
}

TEST(SamplingOptions, RefuseWhatIsNoNumberOrOutOfRange) {
  SamplingParams params;
  for (const char* text : {"", "abc", "0.5x", " 1", "nan", "2", "-0.1", "inf"}) {
    const Status status = set_sampling_option("min_p", text, &params);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << text;
    EXPECT_NE(status.message().find("min_p"), std::string::npos);
  }
  EXPECT_EQ(params.min_p, 0.05f);
  EXPECT_EQ(set_sampling_option("top_k", "1.5", &params).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(set_sampling_option("top_k", 1.5, &params).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(set_sampling_option("top_k", std::nan(""), &params).code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(set_sampling_option("top_k", "99999999999", &params).code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(set_sampling_option("seed", 1e19, &params).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(set_sampling_option("tfs_z", "1", &params).code(), StatusCode::kNotFound);
  EXPECT_EQ(set_sampling_option("tfs_z", 1.0, &params).code(), StatusCode::kNotFound);
  double value = 3;
  EXPECT_EQ(get_sampling_option(params, "tfs_z", &value).code(), StatusCode::kNotFound);
  EXPECT_EQ(value, 3);
}

TEST(SamplingParams, CheckFindsWhatWasFilledInByHand) {
  SamplingParams params;
  EXPECT_TRUE(check_sampling_params(params, 10).ok());
  params.top_p = std::nanf("");
  EXPECT_EQ(check_sampling_params(params, 10).code(), StatusCode::kInvalidArgument);
  params = {};
  params.logit_bias = {{10, 1.0f}};
  EXPECT_EQ(check_sampling_params(params, 10).code(), StatusCode::kInvalidArgument);
  params.logit_bias = {{9, std::numeric_limits<float>::infinity()}};
  EXPECT_EQ(check_sampling_params(params, 10).code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace minnow
