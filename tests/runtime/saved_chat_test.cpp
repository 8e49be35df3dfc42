// Saved sessions: what is taken up goes on with the same bits; what is damaged or belongs to
// another model is refused by name and changes nothing.
#include "runtime/saved_chat.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <thread>

#include "base/sha256.hpp"
#include "support/temporary_folder.hpp"
#include "support/tiny_sessions.hpp"

namespace minnow {
namespace {

using namespace testing_support;

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::unique_ptr<Chat> must_chat(const std::shared_ptr<Model>& model, const Options& options = {}) {
  std::unique_ptr<Chat> chat;
  EXPECT_TRUE(is_ok(Chat::create(model, options, chat)));
  return chat;
}

// The next tokens of a session, each sampled and read, and the logits after the last.
struct Next {
  std::vector<Token> tokens;
  std::vector<float> logits;
  bool operator==(const Next&) const = default;
};
Next go_on(Session& session, int n = 16) {
  Next next;
  for (int i = 0; i < n; ++i) {
    Token token = kNoToken;
    EXPECT_TRUE(is_ok(session.sample(token)));
    EXPECT_TRUE(is_ok(session.decode(token)));
    next.tokens.push_back(token);
  }
  next.logits = last_logits(session);
  return next;
}

// A file with another checksum: what only somebody who means it would write.
std::string with_checksum(std::string bytes) {
  bytes.resize(bytes.size() - sizeof(Sha256Digest));
  Sha256 hash;
  hash.update(bytes.data(), bytes.size());
  const Sha256Digest digest = hash.digest();
  bytes.append(reinterpret_cast<const char*>(digest.data()), digest.size());
  return bytes;
}

class SavedChat : public ::testing::Test {
 protected:
  std::string path(const char* name = "chat.mnw") const { return folder_.path(name); }
  TemporaryFolder folder_;
};

TEST_F(SavedChat, GoesOnWithTheSameBits) {
  for (const char* name : {"llama", "gemma3", "mistral"}) {
    for (const char* kv_type : {"f16", "f32"}) {
      for (const float mirostat : {0.0f, 2.0f}) {
        Options options;
        options.kv_type = kv_type;
        ASSERT_TRUE(is_ok(options.set_int("seed", 77)));
        ASSERT_TRUE(is_ok(options.set_int("mirostat", static_cast<std::int64_t>(mirostat))));
        ASSERT_TRUE(is_ok(options.set_float("repeat_penalty", 1.2)));
        const auto model = must_open(tiny_path(name), options);
        const auto chat = must_chat(model, options);
        ASSERT_TRUE(is_ok(chat->session().prefill(many_tokens(name, 200))));
        go_on(chat->session(), 5);
        Token sampled = kNoToken;  // between a sample and its decode
        ASSERT_TRUE(is_ok(chat->session().sample(sampled)));
        ASSERT_TRUE(is_ok(save_chat(*chat, path())));
        const Next expected = go_on(chat->session());
        // Another opening of the file, another table, other threads, batches and context.
        Options others = options;
        others.isa = "scalar";
        others.threads = 3;
        others.n_batch = 5;
        others.n_ctx = 1000;
        const auto other = must_chat(must_open(tiny_path(name), others), others);
        ASSERT_TRUE(is_ok(other->session().prefill(many_tokens(name, 3))));
        ASSERT_TRUE(is_ok(restore_chat(*other, path())));
        EXPECT_EQ(other->session().position(), 205);
        EXPECT_TRUE(go_on(other->session()) == expected) << name << " " << kv_type;
      }
    }
  }
}

TEST_F(SavedChat, KeepsTheConversation) {
  Options options = greedy_options();
  options.max_tokens = 5;
  options.n_ctx = 400;
  const auto model = must_open(tiny_path("qwen2"), options);
  const auto chat = must_chat(model, options);
  Answer answer;
  ASSERT_TRUE(is_ok(chat->say("system", "Be kind.", {}, answer)));
  ASSERT_TRUE(is_ok(chat->say("user", "Hello", {}, answer)));
  ASSERT_TRUE(is_ok(save_chat(*chat, path())));
  const auto other = must_chat(model, options);
  ASSERT_TRUE(is_ok(restore_chat(*other, path())));
  ASSERT_EQ(other->messages().size(), 3u);
  EXPECT_EQ(other->messages()[2].content, answer.text);
  Answer next, restored;
  ASSERT_TRUE(is_ok(chat->say("user", "And you?", {}, next)));
  ASSERT_TRUE(is_ok(other->say("user", "And you?", {}, restored)));
  EXPECT_EQ(restored.text, next.text);
  EXPECT_EQ(restored.stats.prompt_tokens, next.stats.prompt_tokens) << "nothing is read again";
}

TEST_F(SavedChat, IsTheSameFileForTheSameTextWhateverWasForgotten) {
  const auto model = must_open(tiny_path("llama"));
  const auto clean = must_chat(model), used = must_chat(model);
  const std::vector<Token> tokens = many_tokens("llama", 90);
  ASSERT_TRUE(is_ok(used->session().prefill(tokens)));
  ASSERT_TRUE(is_ok(used->session().truncate(37)));
  ASSERT_TRUE(is_ok(clean->session().prefill(std::span(tokens).first(37))));
  ASSERT_TRUE(is_ok(clean->session().truncate(36)));
  ASSERT_TRUE(is_ok(clean->session().decode(tokens[36])));
  ASSERT_TRUE(is_ok(used->session().truncate(36)));
  ASSERT_TRUE(is_ok(used->session().decode(tokens[36])));
  ASSERT_TRUE(is_ok(save_chat(*clean, path("clean"))));
  ASSERT_TRUE(is_ok(save_chat(*used, path("used"))));
  EXPECT_TRUE(read_file(path("clean")) == read_file(path("used")));
}

TEST_F(SavedChat, OfAnEmptySessionEmptiesASession) {
  const auto model = must_open(tiny_path("llama"));
  ASSERT_TRUE(is_ok(save_chat(*must_chat(model), path())));
  const auto chat = must_chat(model);
  ASSERT_TRUE(is_ok(chat->session().prefill(tiny_tokens("llama", 0))));
  ASSERT_TRUE(is_ok(restore_chat(*chat, path())));
  EXPECT_EQ(chat->session().position(), 0);
  Token token = kNoToken;
  EXPECT_TRUE(fails(chat->session().sample(token), StatusCode::kInvalidArgument, {"read a token"}));
}

TEST_F(SavedChat, OfAnotherModelOrCacheIsRefusedByName) {
  const auto model = must_open(tiny_path("llama"));
  const auto chat = must_chat(model);
  ASSERT_TRUE(is_ok(chat->session().prefill(many_tokens("llama", 100))));
  ASSERT_TRUE(is_ok(save_chat(*chat, path())));
  const auto other = must_chat(must_open(tiny_path("qwen2")));
  ASSERT_TRUE(is_ok(other->session().prefill(tiny_tokens("qwen2", 0))));
  const std::vector<float> before = last_logits(other->session());
  EXPECT_TRUE(fails(restore_chat(*other, path()), StatusCode::kMismatch,
                    {"tiny-random-llama", "tiny-random-qwen2", path()}));
  EXPECT_EQ(last_logits(other->session()), before);
  Options f32;
  f32.kv_type = "f32";
  EXPECT_TRUE(fails(restore_chat(*must_chat(model, f32), path()), StatusCode::kMismatch,
                    {"kv_type", "'f16'", "'f32'"}));
  Options small;
  small.n_ctx = 64;
  EXPECT_TRUE(fails(restore_chat(*must_chat(model, small), path()), StatusCode::kContextFull,
                    {"100 tokens", "64"}));
  EXPECT_TRUE(fails(restore_chat(*other, folder_.path("none")), StatusCode::kNotFound, {"none"}));
  EXPECT_TRUE(fails(restore_chat(*other, tiny_path("llama")), StatusCode::kBadFile,
                    {"not a saved session"}));
}

// A copy of a model with one weight changed is another model.
TEST_F(SavedChat, OfAFineTunedCopyIsRefused) {
  const auto model = must_open(tiny_path("llama"));
  const auto chat = must_chat(model);
  ASSERT_TRUE(is_ok(chat->session().prefill(tiny_tokens("llama", 0))));
  ASSERT_TRUE(is_ok(save_chat(*chat, path())));
  std::string bytes = read_file(tiny_path("llama"));
  bytes[bytes.size() - 3] = static_cast<char>(bytes[bytes.size() - 3] ^ 1);
  const auto tuned = must_open(folder_.write_text("tuned.gguf", bytes));
  EXPECT_TRUE(
      fails(restore_chat(*must_chat(tuned), path()), StatusCode::kMismatch, {"tiny-random-llama"}));
}

TEST_F(SavedChat, CutShortOrDamagedAnywhereIsRefusedAndChangesNothing) {
  Options options;
  options.n_ctx = 256;
  const auto model = must_open(tiny_path("llama"), options);
  const auto chat = must_chat(model, options);
  ASSERT_TRUE(is_ok(chat->session().prefill(many_tokens("llama", 64))));
  ASSERT_TRUE(is_ok(save_chat(*chat, path())));
  const std::string whole = read_file(path());
  const auto other = must_chat(model, options);
  ASSERT_TRUE(is_ok(other->session().prefill(tiny_tokens("llama", 1))));
  const std::vector<float> before = last_logits(other->session());
  const std::size_t front = whole.size() < 4000 ? whole.size() : 4000;
  const auto is_refused = [&](const std::string& bytes) {
    folder_.write_text("bad.mnw", bytes);
    const StatusCode code = restore_chat(*other, path("bad.mnw")).code();
    return code == StatusCode::kBadFile || code == StatusCode::kUnsupported ||
           code == StatusCode::kMismatch;
  };
  for (std::size_t n = 0; n < whole.size(); n += n < front ? 13 : 4099)
    ASSERT_TRUE(is_refused(whole.substr(0, n))) << "cut at " << n;
  for (std::size_t i = 0; i < whole.size(); i += i < front ? 7 : 4099) {
    std::string bytes = whole;
    bytes[i] = static_cast<char>(bytes[i] ^ (1 << (i % 8)));
    ASSERT_TRUE(is_refused(bytes)) << "flipped at " << i;
  }
  EXPECT_TRUE(is_refused(whole + "x"));
  EXPECT_EQ(last_logits(other->session()), before);
}

// With the checksum made right again, every byte of the front set to extremes: a status or, where
// the byte carries no structure, a session that works.
TEST_F(SavedChat, ThatLiesIsAStatusOrWorks) {
  Options options;
  options.n_ctx = 256;
  const auto model = must_open(tiny_path("llama"), options);
  const auto chat = must_chat(model, options);
  ASSERT_TRUE(is_ok(chat->session().prefill(tiny_tokens("llama", 1))));
  ASSERT_TRUE(is_ok(save_chat(*chat, path())));
  const std::string whole = read_file(path());
  const auto other = must_chat(model, options);
  int n_refused = 0;
  for (std::size_t i = 0; i < 1000 && i < whole.size(); ++i) {
    for (const int value : {0, 0x7f, 0xff}) {
      std::string bytes = whole;
      bytes[i] = static_cast<char>(value);
      folder_.write_text("bad.mnw", with_checksum(std::move(bytes)));
      const Status status = restore_chat(*other, path("bad.mnw"));
      n_refused += status.ok() ? 0 : 1;
      if (status.ok() && other->session().position() < 250) (void)other->session().decode(5).ok();
    }
  }
  EXPECT_GT(n_refused, 500);
  ASSERT_TRUE(is_ok(restore_chat(*other, path())));
  EXPECT_EQ(last_logits(other->session()), last_logits(chat->session()));
}

TEST_F(SavedChat, ThatCannotBeWrittenLeavesTheOldFile) {
  const auto model = must_open(tiny_path("llama"));
  const auto chat = must_chat(model);
  EXPECT_TRUE(
      fails(save_chat(*chat, folder_.path("no/such/folder/x")), StatusCode::kNotFound, {"folder"}));
  EXPECT_TRUE(fails(save_chat(*chat, ""), StatusCode::kInvalidArgument, {"empty"}));
  EXPECT_TRUE(fails(save_chat(*chat, "/proc/x.mnw"), StatusCode::kNotFound, {"/proc/x.mnw"}));
  ASSERT_TRUE(is_ok(save_chat(*chat, path())));
  const std::string before = read_file(path());
  std::filesystem::create_directory(path("folder"));
  EXPECT_TRUE(fails(save_chat(*chat, path("folder")), StatusCode::kIo, {"folder"}));
  std::size_t n_files = 0;
  for ([[maybe_unused]] const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(path()).parent_path()))
    ++n_files;
  EXPECT_EQ(n_files, 2u) << "an unfinished file was left behind";
  EXPECT_EQ(read_file(path()), before);
}

// A process that saves two lengths of a conversation in turn is killed at any moment: there is
// always one of the two, whole.
TEST_F(SavedChat, IsWholeAfterItsWriterWasKilled) {
  const auto save_forever = [&]() {
    const auto model = must_open(tiny_path("llama"));
    const auto chat = must_chat(model);
    const std::vector<Token> tokens = tiny_tokens("llama", 1);
    for (;;) {
      if (!chat->session().truncate(0).ok()) return;
      for (const std::size_t n : {std::size_t{2}, tokens.size() - 2}) {
        if (!chat->session().prefill(std::span(tokens).subspan(chat->session().position(), n)).ok())
          return;
        if (!save_chat(*chat, path()).ok()) return;
      }
    }
  };
  std::set<std::int64_t> positions;
  for (int trial = 0; trial < 24; ++trial) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      save_forever();
      _exit(1);
    }
    while (!std::filesystem::exists(path())) std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::microseconds(trial * 997));
    kill(child, SIGKILL);
    int how = 0;
    ASSERT_EQ(waitpid(child, &how, 0), child);
    ASSERT_TRUE(WIFSIGNALED(how)) << "it ended by itself: a save failed";
    const auto model = must_open(tiny_path("llama"));
    const auto chat = must_chat(model);
    ASSERT_TRUE(is_ok(restore_chat(*chat, path()))) << trial;
    positions.insert(chat->session().position());
  }
  const auto n_tokens = static_cast<std::int64_t>(tiny_tokens("llama", 1).size());
  for (const std::int64_t position : positions)
    EXPECT_TRUE(position == 2 || position == n_tokens) << position;
}

TEST_F(SavedChat, AForkGoesItsOwnWay) {
  for (const char* name : {"llama", "gemma3"}) {
    const auto model = must_open(tiny_path(name));
    const auto chat = must_chat(model);
    ASSERT_TRUE(is_ok(chat->session().prefill(many_tokens(name, 120))));
    std::unique_ptr<Chat> fork;
    ASSERT_TRUE(is_ok(chat->fork(fork)));
    EXPECT_EQ(fork->session().position(), 120);
    const auto alone = must_chat(model);
    ASSERT_TRUE(is_ok(alone->session().prefill(many_tokens(name, 120))));
    // The original reads something else; the fork does not notice.
    ASSERT_TRUE(is_ok(chat->session().prefill(tiny_tokens(name, 1))));
    EXPECT_TRUE(go_on(fork->session()) == go_on(alone->session())) << name;
  }
}

}  // namespace
}  // namespace minnow
