#include "loading.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "console.hpp"
#include "failure.hpp"
#include "interrupt.hpp"

namespace minnow::program {

namespace {

using Clock = std::chrono::steady_clock;

// One redrawn line on a terminal. A call begins anew whenever `done` falls.
class ProgressLine {
 public:
  void show(std::uint64_t done, std::uint64_t total) {
    const auto now = Clock::now();
    if (done <= last_done_ || last_done_ == 0) start_ = now;
    last_done_ = done;
    if (done >= total) return clear();
    if (now - start_ < std::chrono::seconds(1) || now - drawn_ < std::chrono::milliseconds(100))
      return;
    drawn_ = now;
    shown_ = true;
    std::fprintf(stderr, "\r\033[K%d %%",
                 static_cast<int>(100.0 * static_cast<double>(done) / static_cast<double>(total)));
    std::fflush(stderr);
  }

 private:
  void clear() {
    if (shown_) std::fputs("\r\033[K", stderr);
    shown_ = false;
    last_done_ = 0;
  }

  Clock::time_point start_{}, drawn_{};
  std::uint64_t last_done_ = 0;
  bool shown_ = false;
};

minnow_flow on_progress(void*, std::uint64_t done, std::uint64_t total) {
  static ProgressLine line;
  if (errors_are_terminal()) line.show(done, total);
  return was_interrupted() ? MINNOW_STOP : MINNOW_CONTINUE;
}

std::filesystem::path cached_model(const std::string& name) {
  const char* base = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  std::filesystem::path folder;
  if (base != nullptr && *base == '/') {
    folder = base;
  } else if (home != nullptr && *home == '/') {
    folder = std::filesystem::path(home) / ".cache";
  } else {
    return {};
  }
  return folder / "minnow" / "models" / (name + ".gguf");
}

}  // namespace

std::string model_path(const std::string& name) {
  std::error_code problem;
  if (std::filesystem::exists(name, problem) || name.find('/') != std::string::npos) return name;
  const std::filesystem::path cached = cached_model(name);
  return std::filesystem::is_regular_file(cached, problem) ? cached.string() : name;
}

bool is_model(const std::string& name) {
  std::error_code problem;
  return std::filesystem::is_regular_file(model_path(name), problem);
}

ModelHandle open_model(const std::string& name, const minnow_options* options) {
  const std::string path = model_path(name);
  minnow_model* model = nullptr;
  check_opening(minnow_model_open(path.c_str(), options, &model), path);
  return ModelHandle(model);
}

ModelHandle open_vocabulary(const std::string& name, LibraryOptions options) {
  options.set_default("weights", "in_place");
  return open_model(name, options.make().get());
}

SessionHandle create_session(minnow_model* model, const minnow_options* options) {
  minnow_session* session = nullptr;
  check(minnow_session_create(model, options, &session), Doing::kReadingOptions);
  return SessionHandle(session);
}

void show_progress(minnow_options* options) {
  check(minnow_options_set_progress(options, &on_progress, nullptr), Doing::kReadingOptions);
}

std::int64_t model_int(const minnow_model* model, const char* name) {
  std::int64_t value = 0;
  check(minnow_model_get_int(model, name, &value));
  return value;
}

std::vector<minnow_token> tokenize(const minnow_model* model, const std::string& text,
                                   std::uint32_t flags) {
  minnow_token* tokens = nullptr;
  std::size_t n_tokens = 0;
  check(minnow_model_tokenize(model, text.data(), text.size(), flags, &tokens, &n_tokens));
  const OwnedTokens owned(tokens);
  return std::vector<minnow_token>(tokens, tokens + n_tokens);
}

std::string detokenize(const minnow_model* model, const std::vector<minnow_token>& tokens,
                       std::uint32_t flags) {
  char* text = nullptr;
  std::size_t n_bytes = 0;
  check(minnow_model_detokenize(model, tokens.data(), tokens.size(), flags, &text, &n_bytes));
  const OwnedText owned(text);
  return std::string(text, n_bytes);
}

}  // namespace minnow::program
