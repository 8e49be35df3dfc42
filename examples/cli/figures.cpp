#include "figures.hpp"

#include <algorithm>
#include <chrono>

#include "console.hpp"
#include "failure.hpp"
#include "handles.hpp"

namespace minnow::program {

namespace {

std::chrono::steady_clock::time_point program_start;

double prompt_rate(const Json& figures) {
  const double time = figures.value("prompt_seconds", 0.0);
  return time > 0 ? figures.value("prompt_tokens", 0.0) / time : 0.0;
}

// The clock of an answer starts when its first token is there.
double answer_rate(const Json& figures) {
  const double time = figures.value("answer_seconds", 0.0);
  return time > 0 ? std::max(figures.value("answer_tokens", 0.0) - 1, 0.0) / time : 0.0;
}

std::string part(const Json& figures, const std::string& what) {
  return what + " " + std::to_string(figures.value(what + "_tokens", std::int64_t{0})) + " tok, " +
         rate(figures.value(what + "_tokens_per_s", 0.0)) + " tok/s";
}

}  // namespace

Json take_json(char* text) {
  const OwnedText owned(text);
  return Json::parse(text);
}

Json answer_figures(minnow_session* session) {
  char* text = nullptr;
  check(minnow_session_stats(session, &text));
  Json figures = take_json(text);
  figures["prompt_tokens_per_s"] = prompt_rate(figures);
  figures["answer_tokens_per_s"] = answer_rate(figures);
  figures["peak_resident_bytes"] = peak_resident_bytes();
  return figures;
}

std::string figures_line(const Json& figures) {
  return "[" + part(figures, "prompt") + " | " + part(figures, "answer") + " | first token " +
         fixed(figures.value("first_token_seconds", 0.0), 2) + " s | peak " +
         in_megabytes(figures.value("peak_resident_bytes", 0.0)) + "]";
}

const char* reason_name(minnow_reason reason) {
  switch (reason) {
    case MINNOW_REASON_END:
      return "end";
    case MINNOW_REASON_LENGTH:
      return "length";
    case MINNOW_REASON_STOP:
      return "stop";
    case MINNOW_REASON_CALLBACK:
      return "callback";
    case MINNOW_REASON_CONTEXT:
      return "context";
  }
  return "unknown";
}

std::string json_line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

double seconds_since_start() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - program_start).count();
}

void remember_start() {
  program_start = std::chrono::steady_clock::now();
}

}  // namespace minnow::program
