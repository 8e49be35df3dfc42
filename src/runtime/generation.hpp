// Generation: from a session with a read prompt to streamed text: sample, stop at the model's end
// tokens or a stop text, give whole UTF-8 characters to the caller, read the token, again.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.hpp"
#include "base/token.hpp"
#include "runtime/session.hpp"

namespace minnow {

enum class FinishReason : int {
  kEnd = 0,       // the model ended its answer
  kLength = 1,    // max_tokens were made
  kStopText = 2,  // a stop text was met; it is not part of the answer
  kCallback = 3,  // the caller had enough
  kContext = 4,   // the context is full
};

// Gets text as it comes, whole characters only; false ends the answer.
struct TextSink {
  bool (*callback)(void* user, std::string_view text) = nullptr;
  void* user = nullptr;
};

struct GenerationStats {
  std::int64_t prompt_tokens = 0;  // read for this answer (what was already there does not count)
  std::int64_t answer_tokens = 0;
  double prompt_seconds = 0;
  double answer_seconds = 0;       // from the first token's arrival to the last's
  double first_token_seconds = 0;  // from the request to the first token
};

struct Answer {
  std::string text;  // all that went to the sink
  FinishReason reason = FinishReason::kEnd;
  GenerationStats stats;
};

// Reads `prompt` and generates. On failure `out` holds what was made so far, and the session what
// was read. The last sampled token is read too (unless it ended the answer), so a next call
// continues seamlessly.
Status generate(Session& session, std::span<const Token> prompt, const TextSink& sink, Answer& out);

}  // namespace minnow
