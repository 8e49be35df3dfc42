#include "runtime/generation.hpp"

#include "runtime/stop_filter.hpp"
#include "tokenizer/streaming_detokenizer.hpp"
#include "tokenizer/tokenizer.hpp"

namespace minnow {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

// Text on its way to the caller: bytes to characters, stop texts, the sink.
class Output {
 public:
  Output(const Tokenizer& tokenizer, bool at_text_start, std::span<const std::string> stops,
         const TextSink& sink, std::string& all, std::pmr::memory_resource* memory)
      : detokenizer_(tokenizer, {false, at_text_start}, memory),
        stops_(stops),
        sink_(sink),
        all_(all) {
    // An answer rarely outgrows this; a longer one doubles it a few times.
    all_.reserve(4096);
    ready_.reserve(256);
  }

  // False when the answer ends here; `reason` says why.
  bool push(Token token, FinishReason& reason) {
    ready_.clear();
    if (stops_.feed(detokenizer_.push(token), ready_)) {
      emit();
      reason = FinishReason::kStopText;
      return false;
    }
    if (emit()) return true;
    reason = FinishReason::kCallback;
    return false;
  }

  // What was held back is text after all.
  void finish() {
    ready_.clear();
    if (!stops_.feed(detokenizer_.finish(), ready_)) stops_.flush(ready_);
    emit();
  }

 private:
  bool emit() {
    if (ready_.empty()) return true;
    all_ += ready_;
    return sink_.callback == nullptr || sink_.callback(sink_.user, ready_);
  }

  StreamingDetokenizer detokenizer_;
  StopFilter stops_;
  const TextSink& sink_;
  std::string& all_;
  std::string ready_;
};

}  // namespace

Status generate(Session& session, std::span<const Token> prompt, const TextSink& sink,
                Answer& out) {
  const Tokenizer& tokenizer = session.model().tokenizer();
  const Options& options = session.options();
  const Clock::time_point start = Clock::now();
  MINNOW_TRY(session.prefill(prompt));
  out.stats.prompt_tokens = static_cast<std::int64_t>(prompt.size());
  Output output(tokenizer, session.position() == 0, options.stop, sink, out.text,
                &session.model().runtime().memory());
  Clock::time_point first = start;
  out.reason = FinishReason::kLength;
  while (options.max_tokens < 0 || out.stats.answer_tokens < options.max_tokens) {
    Token token = kNoToken;
    MINNOW_TRY(session.sample(token));
    const Clock::time_point now = Clock::now();
    if (out.stats.answer_tokens == 0) {
      first = now;
      out.stats.prompt_seconds = seconds_between(start, now);
      out.stats.first_token_seconds = out.stats.prompt_seconds;
    }
    out.stats.answer_seconds = seconds_between(first, now);
    if (tokenizer.is_end(token)) {
      out.reason = FinishReason::kEnd;
      break;
    }
    ++out.stats.answer_tokens;
    if (!output.push(token, out.reason)) return {};
    if (session.position() == session.n_ctx()) {
      out.reason = FinishReason::kContext;
      break;
    }
    MINNOW_TRY(session.decode(token));
  }
  output.finish();
  return {};
}

}  // namespace minnow
