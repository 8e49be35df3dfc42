// What belongs to the host stays the host's: its floating-point mode, and its right to fork.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <vector>

#include "minnow/minnow.h"

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

namespace {

class HostState : public ::testing::Test {
 protected:
  void SetUp() override {
    minnow_options* options = nullptr;
    ASSERT_EQ(minnow_options_create(&options), MINNOW_OK);
    ASSERT_EQ(minnow_options_set_int(options, "threads", 2), MINNOW_OK);
    const std::string path = std::string(MINNOW_TEST_DATA) + "/tiny/llama.gguf";
    ASSERT_EQ(minnow_model_open(path.c_str(), options, &model_), MINNOW_OK) << minnow_last_error();
    minnow_options_free(options);
  }
  void TearDown() override { minnow_model_free(model_); }

  // All logits of a fixed sequence, read in a session of its own.
  std::vector<float> logits() {
    minnow_session* session = nullptr;
    EXPECT_EQ(minnow_session_create(model_, nullptr, &session), MINNOW_OK) << minnow_last_error();
    int64_t n_vocab = 0;
    EXPECT_EQ(minnow_model_get_int(model_, "n_vocab", &n_vocab), MINNOW_OK);
    std::vector<minnow_token> tokens;
    for (int i = 0; i < 40; ++i) tokens.push_back((i * 37 + 5) % 500);
    struct Sink {
      std::vector<float> values;
      std::size_t n_vocab;
    } sink{{}, static_cast<std::size_t>(n_vocab)};
    const auto add = [](void* user, size_t, size_t n_rows, const float* row) {
      auto* s = static_cast<Sink*>(user);
      s->values.insert(s->values.end(), row, row + n_rows * s->n_vocab);
      return MINNOW_CONTINUE;
    };
    EXPECT_EQ(minnow_session_evaluate(session, tokens.data(), tokens.size(), add, &sink), MINNOW_OK)
        << minnow_last_error();
    minnow_session_free(session);
    return sink.values;
  }

  static bool equal(const std::vector<float>& a, const std::vector<float>& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
  }

  minnow_model* model_ = nullptr;
};

#if defined(__SSE2__)
TEST_F(HostState, FloatModeIsKeptAndNotDependedOn) {
  const std::vector<float> expected = logits();
  ASSERT_FALSE(expected.empty());
  const unsigned plain = _mm_getcsr();
  constexpr unsigned kFlushes = 0x8040;  // flush to zero, denormals are zero
  for (const unsigned mode : {0x1f80u | kFlushes, 0x3f80u, 0x5f80u, 0x7f80u | kFlushes}) {
    _mm_setcsr(mode);
    const std::vector<float> found = logits();
    const unsigned after = _mm_getcsr();
    _mm_setcsr(plain);
    EXPECT_EQ(after & 0xffc0u, mode & 0xffc0u) << "the host's mode was changed";
    EXPECT_TRUE(equal(found, expected)) << "under mode " << mode;
  }
}
#endif

TEST_F(HostState, AForkedChildComputesTheSame) {
  const std::vector<float> expected = logits();  // the pool's threads run now
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) _exit(equal(logits(), expected) ? 0 : 1);
  EXPECT_TRUE(equal(logits(), expected));
  int state = -1;
  ASSERT_EQ(waitpid(child, &state, 0), child);
  EXPECT_TRUE(WIFEXITED(state));
  EXPECT_EQ(WEXITSTATUS(state), 0);
}

}  // namespace
