// One model, many sessions, any threads: bit for bit what each would have given alone. And handles
// that are freed in any order.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "minnow/minnow.h"

namespace {

constexpr int kThreads = 4, kSessions = 16, kTokens = 24;

std::string tiny(const char* name) {
  return std::string(MINNOW_TEST_DATA) + "/tiny/" + name + ".gguf";
}

// What a session chose, and the logits behind the last choice.
struct Outcome {
  std::vector<minnow_token> tokens;
  std::vector<float> logits;
  bool operator==(const Outcome& other) const {
    return tokens == other.tokens && logits.size() == other.logits.size() &&
           std::memcmp(logits.data(), other.logits.data(), logits.size() * sizeof(float)) == 0;
  }
};

class SharedModel : public ::testing::Test {
 protected:
  void SetUp() override {
    minnow_options* options = nullptr;
    ASSERT_EQ(minnow_options_create(&options), MINNOW_OK);
    ASSERT_EQ(minnow_options_set_int(options, "threads", 2), MINNOW_OK);
    ASSERT_EQ(minnow_model_open(tiny("gemma3").c_str(), options, &model_), MINNOW_OK);
    ASSERT_EQ(minnow_model_get_int(model_, "n_vocab", &n_vocab_), MINNOW_OK);
    minnow_options_free(options);
  }
  void TearDown() override { minnow_model_free(model_); }

  // A session of its own kind: prompt, seed and batch depend on i.
  minnow_status run(int i, Outcome& out) const {
    minnow_options* options = nullptr;
    minnow_session* session = nullptr;
    minnow_status status = minnow_options_create(&options);
    if (status == MINNOW_OK) status = minnow_options_set_int(options, "seed", 100 + i);
    if (status == MINNOW_OK) status = minnow_options_set_int(options, "n_batch", 1 + i % 9);
    if (status == MINNOW_OK) status = minnow_session_create(model_, options, &session);
    minnow_options_free(options);
    std::vector<minnow_token> prompt;
    for (int k = 0; k < 20 + i; ++k) prompt.push_back((k * 31 + i * 7 + 3) % 400);
    if (status == MINNOW_OK) status = minnow_session_prefill(session, prompt.data(), prompt.size());
    for (int k = 0; k < kTokens && status == MINNOW_OK; ++k) {
      minnow_token token = 0;
      status = minnow_session_sample(session, &token);
      if (status == MINNOW_OK) status = minnow_session_decode(session, token);
      out.tokens.push_back(token);
    }
    const float* logits = nullptr;
    if (status == MINNOW_OK) status = minnow_session_logits(session, &logits);
    if (status == MINNOW_OK) out.logits.assign(logits, logits + n_vocab_);
    minnow_session_free(session);
    return status;
  }

  minnow_model* model_ = nullptr;
  int64_t n_vocab_ = 0;
};

TEST_F(SharedModel, GivesManyThreadsWhatItGivesOne) {
  std::vector<Outcome> alone(kThreads * kSessions), together(alone.size());
  std::vector<minnow_status> statuses(alone.size(), MINNOW_INTERNAL_ERROR);
  for (std::size_t i = 0; i < alone.size(); ++i)
    ASSERT_EQ(run(static_cast<int>(i), alone[i]), MINNOW_OK) << minnow_last_error();
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      for (int s = 0; s < kSessions; ++s) {
        const int i = t * kSessions + s;
        statuses[static_cast<std::size_t>(i)] = run(i, together[static_cast<std::size_t>(i)]);
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < alone.size(); ++i) {
    EXPECT_EQ(statuses[i], MINNOW_OK) << i;
    EXPECT_TRUE(together[i] == alone[i]) << "session " << i;
  }
}

// Every order in which the handles of one conversation can be freed; what is left goes on working.
TEST(Handles, AreFreedInAnyOrder) {
  std::vector<int> order = {0, 1, 2, 3, 4};
  std::vector<minnow_token> expected;
  do {
    minnow_options* options = nullptr;
    minnow_runtime* runtime = nullptr;
    minnow_model* model = nullptr;
    minnow_session *session = nullptr, *other = nullptr;
    ASSERT_EQ(minnow_options_create(&options), MINNOW_OK);
    ASSERT_EQ(minnow_options_set_float(options, "temperature", 0), MINNOW_OK);
    ASSERT_EQ(minnow_options_set_int(options, "threads", 2), MINNOW_OK);
    ASSERT_EQ(minnow_runtime_create(options, &runtime), MINNOW_OK);
    ASSERT_EQ(minnow_options_set_runtime(options, runtime), MINNOW_OK);
    ASSERT_EQ(minnow_model_open(tiny("llama").c_str(), options, &model), MINNOW_OK);
    ASSERT_EQ(minnow_session_create(model, options, &session), MINNOW_OK);
    ASSERT_EQ(minnow_session_create(model, options, &other), MINNOW_OK);
    std::vector<minnow_token> tokens = {45, 46, 47};
    bool is_there = true;
    for (const int which : order) {
      if (which == 0) minnow_options_free(options);
      if (which == 1) minnow_runtime_free(runtime);
      if (which == 2) minnow_model_free(model);
      if (which == 3) minnow_session_free(other);
      if (which == 4) minnow_session_free(session);
      is_there = is_there && which != 4;
      if (!is_there) continue;
      ASSERT_EQ(minnow_session_decode(session, tokens.back()), MINNOW_OK) << minnow_last_error();
      minnow_token token = 0;
      ASSERT_EQ(minnow_session_sample(session, &token), MINNOW_OK);
      tokens.push_back(token);
    }
    if (tokens.size() > expected.size()) expected = tokens;
    EXPECT_TRUE(std::equal(tokens.begin(), tokens.end(), expected.begin()));
  } while (std::next_permutation(order.begin(), order.end()));
}

// The bytes of a model at some offset of a larger file, from an open descriptor: the same results.
TEST(Handles, AModelInsideAnArchiveIsTheSame) {
  const std::string path = tiny("llama");
  std::FILE* source = std::fopen(path.c_str(), "rb");
  ASSERT_NE(source, nullptr);
  std::vector<char> bytes(1 << 22);
  bytes.resize(std::fread(bytes.data(), 1, bytes.size(), source));
  std::fclose(source);
  std::FILE* archive = std::tmpfile();
  ASSERT_NE(archive, nullptr);
  const std::string front(12345, 'x'), back(777, 'y');
  std::fwrite(front.data(), 1, front.size(), archive);
  std::fwrite(bytes.data(), 1, bytes.size(), archive);
  std::fwrite(back.data(), 1, back.size(), archive);
  std::fflush(archive);
  std::vector<std::vector<minnow_token>> answers;
  for (const int way : {0, 1, 2}) {
    minnow_model* model = nullptr;
    minnow_session* session = nullptr;
    const minnow_status status =
        way == 0   ? minnow_model_open(path.c_str(), nullptr, &model)
        : way == 1 ? minnow_model_open_descriptor(fileno(archive), front.size(), bytes.size(),
                                                  nullptr, &model)
                   : minnow_model_open_memory(bytes.data(), bytes.size(), nullptr, &model);
    ASSERT_EQ(status, MINNOW_OK) << minnow_last_error();
    if (way == 1) {
      std::fclose(archive);  // the model has its own descriptor
    }
    ASSERT_EQ(minnow_session_create(model, nullptr, &session), MINNOW_OK);
    answers.emplace_back();
    for (minnow_token token = 45; answers.back().size() < 20; answers.back().push_back(token)) {
      ASSERT_EQ(minnow_session_decode(session, token), MINNOW_OK);
      ASSERT_EQ(minnow_session_sample(session, &token), MINNOW_OK);
    }
    minnow_session_free(session);
    minnow_model_free(model);
  }
  EXPECT_EQ(answers[1], answers[0]);
  EXPECT_EQ(answers[2], answers[0]);
}

}  // namespace
