#include "figures.hpp"

#include <chrono>

#include "console.hpp"
#include "failure.hpp"
#include "handles.hpp"

namespace minnow::program {

namespace {

std::chrono::steady_clock::time_point program_start;

double per_second(const Json& figures, const char* n, const char* seconds) {
  const double time = figures.value(seconds, 0.0);
  return time > 0 ? figures.value(n, 0.0) / time : 0.0;
}

std::string part(const Json& figures, const std::string& what) {
  const std::string n = what + "_tokens", seconds = what + "_seconds";
  return what + " " + std::to_string(figures.value(n, std::int64_t{0})) + " tok, " +
         rate(per_second(figures, n.c_str(), seconds.c_str())) + " tok/s";
}

}  // namespace

Json answer_figures(minnow_session* session) {
  char* text = nullptr;
  check(minnow_session_stats(session, &text));
  const OwnedText owned(text);
  Json figures = Json::parse(text);
  figures["prompt_tokens_per_s"] = per_second(figures, "prompt_tokens", "prompt_seconds");
  figures["answer_tokens_per_s"] = per_second(figures, "answer_tokens", "answer_seconds");
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
