// AnswerStream: from a session with a read prompt to text, pulled piece by piece: sample, stop at
// the model's end tokens or a stop text, give whole UTF-8 characters, read the token, again.
//
// Its memory is taken once; an answer of any length allocates nothing. The answer as a whole is not
// kept: its tokens are in the session, and text() makes it from them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.hpp"
#include "base/token.hpp"
#include "runtime/session.hpp"
#include "runtime/stop_filter.hpp"
#include "tokenizer/streaming_detokenizer.hpp"

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
  bool keeps_text = true;  // set by the caller: whether `text` is wanted
  std::string text;        // all that was given out
  FinishReason reason = FinishReason::kEnd;
  GenerationStats stats;
};

// Belongs to one session, which must outlive it, and to one thread at a time.
class AnswerStream {
 public:
  explicit AnswerStream(Session& session);

  // Reads the prompt; next() gives the answer. On failure no answer runs. Models with an encoder
  // answer `source`, which is encoded before.
  Status begin(std::span<const Token> prompt, std::span<const Token> source = {});
  // The next piece, valid until the next call; empty when the answer has ended. A failure ends the
  // answer too. The last sampled token is read as well (unless it ended the answer), so a next
  // prompt continues seamlessly.
  Status next(std::string_view& out);
  // Ends the answer here; what was held back is dropped.
  void stop(FinishReason reason);

  bool is_running() const { return is_running_; }
  FinishReason reason() const { return reason_; }
  const GenerationStats& stats() const { return stats_; }
  bool has_text() const { return n_given_bytes_ > 0; }
  // All that next() gave. Call it before the session reads anything else.
  void text(std::string& out);

 private:
  using Clock = std::chrono::steady_clock;

  Status advance();
  void note_time();
  void end(FinishReason reason);

  Session& session_;
  StreamingDetokenizer detokenizer_;
  StopFilter stops_;
  std::pmr::string ready_;
  bool is_running_ = false;
  FinishReason reason_ = FinishReason::kEnd;
  GenerationStats stats_;
  std::int64_t first_position_ = 0;  // of the answer's first token
  Token unread_ = kNoToken;          // sampled and given out, not yet read
  std::size_t n_given_bytes_ = 0;
  Clock::time_point start_, first_token_;
};

}  // namespace minnow
