// head_screening changes no token: sessions with and without it, with the samplers that it serves
// and those that it does not, on every table, with some threads.
#include <gtest/gtest.h>

#include "sampling/sampling_params.hpp"
#include "support/tiny_sessions.hpp"

namespace minnow {
namespace {

using namespace testing_support;

using Settings = std::vector<std::pair<std::string, std::string>>;

// Samplers by the options of --help, and whether screening can serve them.
struct SamplerCase {
  const char* name;
  bool is_served;
  Settings settings;
};

const std::vector<SamplerCase>& sampler_cases() {
  static const std::vector<SamplerCase> cases = {
      {"greedy", true, {{"temperature", "0"}}},
      {"greedy with penalties", true, {{"temperature", "0"}, {"repeat_penalty", "1.3"}}},
      {"defaults", true, {}},
      {"top_k 5", true, {{"top_k", "5"}, {"temperature", "1.5"}}},
      {"penalties",
       true,
       {{"top_k", "8"},
        {"repeat_penalty", "1.2"},
        {"frequency_penalty", "0.3"},
        {"presence_penalty", "-0.2"}}},
      {"bias", true, {{"top_k", "3"}, {"logit_bias", "7+2.5"}, {"logit_bias", "11-inf"}}},
      {"dry", true, {{"top_k", "6"}, {"dry_multiplier", "0.8"}, {"dry_allowed_length", "1"}}},
      {"min_p", true, {{"top_k", "0"}, {"top_p", "1"}, {"min_p", "0.3"}, {"temperature", "0.9"}}},
      {"penalties after top_k",
       true,
       {{"samplers", "top_k;penalties;temperature"}, {"repeat_penalty", "1.5"}, {"top_k", "4"}}},
      {"xtc after top_k", true, {{"xtc_probability", "0.5"}, {"xtc_threshold", "0.05"}}},
      {"temperature first", false, {{"samplers", "temperature;top_k"}, {"temperature", "0.7"}}},
      {"plain", false, {{"samplers", "temperature"}, {"temperature", "0.8"}}},
      {"top_p alone", false, {{"top_k", "0"}, {"top_p", "0.9"}}},
      {"mirostat", false, {{"mirostat", "2"}}},
  };
  return cases;
}

Options options_of(const SamplerCase& sampler, const std::string& isa, int n_threads,
                   const std::string& screening) {
  Options options;
  options.isa = isa;
  options.threads = n_threads;
  options.head_screening = screening;
  options.sampling.seed = 42;
  for (const auto& [name, value] : sampler.settings)
    EXPECT_TRUE(is_ok(set_sampling_option(name, value, &options.sampling))) << name;
  return options;
}

// Samples n tokens after a prompt.
std::vector<Token> answer(Session& session, const std::vector<Token>& prompt, int n) {
  EXPECT_TRUE(is_ok(session.prefill(prompt)));
  std::vector<Token> tokens;
  for (int i = 0; i < n; ++i) {
    Token token = kNoToken;
    EXPECT_TRUE(is_ok(session.sample(token)));
    tokens.push_back(token);
    EXPECT_TRUE(is_ok(session.decode(token)));
  }
  return tokens;
}

const std::string kModel = "quant/qllama-Q8_0.gguf";

std::vector<Token> prompt_tokens() {
  const auto lists = read_token_lists(data_path("quant/qllama.tokens.json"));
  return lists.at(0);
}

TEST(HeadScreening, ChangesNoToken) {
  for (const std::string& isa : table_names()) {
    if (!why_not_run(isa).empty()) continue;
    for (const int n_threads : {1, 2}) {
      std::int64_t n_screened = 0;
      for (const SamplerCase& sampler : sampler_cases()) {
        std::vector<Token> tokens[2];
        for (const bool screens : {false, true}) {
          const Options options = options_of(sampler, isa, n_threads, screens ? "on" : "off");
          const auto model = must_open(data_path(kModel), options);
          ASSERT_TRUE(model);
          EXPECT_EQ(model->weights().output.is_split, screens);
          const auto session = must_create(model, options);
          tokens[screens] = answer(*session, prompt_tokens(), 24);
          const Session::ScreenCounts& counts = session->screen_counts();
          if (!screens || !sampler.is_served)
            EXPECT_EQ(counts.n_screened + counts.n_undecided, 0) << sampler.name;
          else
            EXPECT_GT(counts.n_screened + counts.n_undecided, 0) << sampler.name;
          n_screened += counts.n_screened;
        }
        EXPECT_EQ(tokens[0], tokens[1]) << sampler.name << ", " << isa << ", " << n_threads;
      }
      EXPECT_GT(n_screened, 50) << "the test should see screening at work";
    }
  }
}

TEST(HeadScreening, ChangesNoLogit) {
  for (const std::string& isa : table_names()) {
    if (!why_not_run(isa).empty()) continue;
    for (const int n_logits : {1, 5, 64}) {
      std::vector<float> logits[2];
      for (const bool screens : {false, true}) {
        RunSetup setup;
        setup.isa = isa;
        setup.n_threads = 2;
        setup.n_logits = n_logits;
        Options options = testing_support::options_of(setup);
        options.head_screening = screens ? "on" : "off";
        const auto model = must_open(data_path(kModel), options);
        ASSERT_TRUE(model);
        ASSERT_TRUE(is_ok(all_logits(model, prompt_tokens(), setup, logits[screens])));
      }
      EXPECT_TRUE(logits[0] == logits[1]) << isa << ", " << n_logits;
    }
  }
}

// All logits may be asked for after a screened token, and the token sampled again.
TEST(HeadScreening, GivesAllLogitsAfterwards) {
  Options options = greedy_options();
  options.head_screening = "on";
  const auto model = must_open(data_path(kModel), options);
  ASSERT_TRUE(model);
  const auto session = must_create(model, options);
  options.head_screening = "off";
  const auto plain_model = must_open(data_path(kModel), options);
  const auto plain = must_create(plain_model, options);
  for (Session* each : {session.get(), plain.get()})
    ASSERT_TRUE(is_ok(each->prefill(prompt_tokens())));
  for (int i = 0; i < 20; ++i) {
    Token token = kNoToken, again = kNoToken, expected = kNoToken;
    ASSERT_TRUE(is_ok(session->sample(token)));
    EXPECT_EQ(last_logits(*session), last_logits(*plain));
    ASSERT_TRUE(is_ok(session->sample(again)));
    ASSERT_TRUE(is_ok(plain->sample(expected)));
    EXPECT_EQ(token, expected);
    EXPECT_EQ(again, expected);
    ASSERT_TRUE(is_ok(session->decode(token)));
    ASSERT_TRUE(is_ok(plain->decode(token)));
  }
  EXPECT_GT(session->screen_counts().n_screened, 0);
}

}  // namespace
}  // namespace minnow
