// What an app does around a session, as docs/c-abi.md shows it: estimate, open a part of a file,
// save, restore, fork, adapt, score, pull, deadline. Compiled as C++17.
//
//   around_a_session MODEL ADAPTER FOLDER
#include <fcntl.h>
#include <unistd.h>

#include <cmath>
#include <iostream>
#include <minnow/minnow.hpp>

static int n_failures = 0;
#define CHECK(condition)                                              \
  do {                                                                \
    if (!(condition)) {                                               \
      std::cerr << "line " << __LINE__ << ": " << #condition << '\n'; \
      ++n_failures;                                                   \
    }                                                                 \
  } while (0)

static std::string pull(minnow::Session& session, const std::string& message) {
  std::string answer;
  session.begin(message);
  for (std::string_view text = session.next(); !text.empty(); text = session.next()) answer += text;
  return answer;
}

int main(int argc, char** argv) try {
  if (argc != 4) return 2;
  const std::string path = argv[1], saved = std::string(argv[3]) + "/chat.mnw";
  minnow::Options options;
  options.set("n_ctx", 400).set("temperature", 0.0).set("max_tokens", 8).set("threads", 2);

  auto plan = minnow::Model::estimate(path, options);
  CHECK(plan.weights_bytes > 0 && plan.kv_bytes > 0 && plan.workspace_bytes > 0);
  CHECK(plan.total_bytes > plan.weights_bytes + plan.kv_bytes &&
        plan.peak_bytes >= plan.total_bytes);

  const int fd = ::open(path.c_str(), O_RDONLY);
  const std::uint64_t offset = 0, length = 0;
  auto model = minnow::Model::open({fd, offset, length}, options);
  ::close(fd);

  auto session = model.session(options);
  const std::string first = session.say("Hello");
  session.save(saved);
  auto fork = session.fork();
  const std::string next = session.say("And you?");
  CHECK(pull(fork, "And you?") == next);
  auto restored = model.session(options);
  restored.restore(saved);
  CHECK(restored.say("And you?") == next);

  auto adapted = model.session(options);
  adapted.attach(model.adapter(argv[2]), 0.8);
  adapted.prefill(model.tokenize("Hello world"));
  auto plain = model.session(options);
  plain.prefill(model.tokenize("Hello world"));
  CHECK(adapted.logits()[5] != plain.logits()[5]);

  const std::int64_t before = plain.position();
  const auto p = plain.score("The film was ", {"good", "bad", ""});
  CHECK(p.size() == 3 && p[0] < 0 && p[1] < 0 && p[2] == 0);
  CHECK(std::exp(p[0]) <= 1 && plain.position() == before);

  plain.set_deadline(1e-9);
  try {
    plain.prefill(model.tokenize("too late"));
    CHECK(!"a deadline in the past");
  } catch (const minnow::Error& e) {
    CHECK(e.status() == MINNOW_TIMED_OUT);
  }
  plain.set_deadline(INFINITY);
  plain.prefill(model.tokenize("in time"));

  session.cancel();
  return n_failures > 0;
} catch (const minnow::Error& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
