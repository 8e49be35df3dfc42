#include "runtime/generation.hpp"

#include "tokenizer/tokenizer.hpp"

namespace minnow {

namespace {

double seconds_between(std::chrono::steady_clock::time_point from,
                       std::chrono::steady_clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

// The most text that one token can complete: its bytes, and a character that waited for them, each
// byte of it as U+FFFD at worst.
std::size_t most_piece_bytes(const Tokenizer& tokenizer) {
  return 3 * (tokenizer.max_piece_bytes() + 4);
}

}  // namespace

AnswerStream::AnswerStream(Session& session)
    : session_(session),
      // An answer continues its prompt, but for decoders that start a text of their own.
      detokenizer_(session.model().tokenizer(),
                   {false, session.model().config().n_encoder_layers > 0},
                   &session.model().runtime().memory()),
      stops_(session.options().stop, most_piece_bytes(session.model().tokenizer()),
             &session.model().runtime().memory()),
      ready_(&session.model().runtime().memory()) {
  ready_.reserve(2 * stops_.capacity());
}

Status AnswerStream::begin(std::span<const Token> prompt, std::span<const Token> source) {
  is_running_ = false;
  detokenizer_.finish();
  stops_.reset();
  stats_ = {};
  unread_ = kNoToken;
  n_given_bytes_ = 0;
  start_ = Clock::now();
  if (!source.empty()) MINNOW_TRY(session_.encode(source));
  MINNOW_TRY(session_.prefill(prompt));
  stats_.prompt_tokens = static_cast<std::int64_t>(source.size() + prompt.size());
  first_position_ = session_.position();
  is_running_ = true;
  return {};
}

Status AnswerStream::next(std::string_view& out) {
  ready_.clear();
  while (is_running_ && ready_.empty()) {
    Status status = advance();
    if (status.ok()) continue;
    is_running_ = false;
    return status;
  }
  n_given_bytes_ += ready_.size();
  out = ready_;
  return {};
}

// One token: reads the last one, samples the next, appends its text to ready_.
Status AnswerStream::advance() {
  if (unread_ != kNoToken) {
    if (session_.position() == session_.n_ctx()) {
      end(FinishReason::kContext);
      return {};
    }
    MINNOW_TRY(session_.decode(unread_));
    unread_ = kNoToken;
  }
  const std::int64_t most_tokens = session_.options().max_tokens;
  if (most_tokens >= 0 && stats_.answer_tokens >= most_tokens) {
    end(FinishReason::kLength);
    return {};
  }
  Token token = kNoToken;
  MINNOW_TRY(session_.sample(token));
  note_time();
  if (session_.model().tokenizer().is_end(token)) {
    end(FinishReason::kEnd);
    return {};
  }
  ++stats_.answer_tokens;
  unread_ = token;
  if (stops_.feed(detokenizer_.push(token), ready_)) stop(FinishReason::kStopText);
  return {};
}

void AnswerStream::note_time() {
  const Clock::time_point now = Clock::now();
  if (stats_.answer_tokens == 0) {
    first_token_ = now;
    stats_.prompt_seconds = seconds_between(start_, now);
    stats_.first_token_seconds = stats_.prompt_seconds;
  }
  stats_.answer_seconds = seconds_between(first_token_, now);
}

// What was held back is text after all.
void AnswerStream::end(FinishReason reason) {
  if (!stops_.feed(detokenizer_.finish(), ready_)) stops_.flush(ready_);
  stop(reason);
}

void AnswerStream::stop(FinishReason reason) {
  is_running_ = false;
  reason_ = reason;
}

void AnswerStream::text(std::string& out) {
  out.clear();
  out.reserve(n_given_bytes_ + most_piece_bytes(session_.model().tokenizer()));
  detokenizer_.finish();
  const std::span<const Token> read =
      session_.tokens().subspan(static_cast<std::size_t>(first_position_));
  for (const Token token : read) {
    if (out.size() >= n_given_bytes_) break;
    out += detokenizer_.push(token);
  }
  if (unread_ != kNoToken && out.size() < n_given_bytes_) out += detokenizer_.push(unread_);
  if (out.size() < n_given_bytes_) out += detokenizer_.finish();
  out.resize(n_given_bytes_);
}

}  // namespace minnow
