#include "bench_session.hpp"

#include <algorithm>
#include <chrono>

#include "failure.hpp"
#include "loading.hpp"

namespace minnow::program {

namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kStory =
    "The ferry left the harbour an hour late, because the captain had waited for the mail. By noon "
    "the wind had turned, and those who had stayed on deck went below to look for coffee and a dry "
    "place to sit. An old woman opened her bag, took out a letter that had been folded many times, "
    "and asked the young man beside her whether he would read it to her.";

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

BenchSession::BenchSession(minnow_model* model, minnow_session* session)
    : model_(model), session_(session) {
  const auto n_vocab = static_cast<std::uint64_t>(model_int(model, "n_vocab"));
  std::int64_t n_ctx = 0;
  check(minnow_session_position(session, nullptr, &n_ctx));
  std::mt19937 random(1);
  tokens_.reserve(static_cast<std::size_t>(n_ctx));
  for (std::int64_t i = 0; i < n_ctx; ++i)
    tokens_.push_back(static_cast<minnow_token>(random() % n_vocab));
}

void BenchSession::read(const minnow_token* tokens, std::size_t n_tokens) {
  check(minnow_session_prefill(session_, tokens, n_tokens));
  const float* logits = nullptr;  // computed when asked for
  check(minnow_session_logits(session_, &logits));
}

void BenchSession::read_up_to(std::int64_t depth) {
  std::int64_t position = 0;
  check(minnow_session_position(session_, &position, nullptr));
  if (position < depth || minnow_session_truncate(session_, depth) != MINNOW_OK) {
    check(minnow_session_truncate(session_, 0));
    position = 0;
  } else {
    position = depth;
  }
  if (position < depth)
    check(minnow_session_prefill(session_, tokens_.data() + position,
                                 static_cast<std::size_t>(depth - position)));
}

double BenchSession::prefill(std::int64_t n_tokens, std::int64_t depth) {
  read_up_to(depth);
  const auto start = Clock::now();
  read(tokens_.data() + depth, static_cast<std::size_t>(n_tokens));
  return seconds_since(start);
}

double BenchSession::decode(std::int64_t n_tokens, std::int64_t depth) {
  read_up_to(depth);
  const auto start = Clock::now();
  for (std::int64_t i = 0; i < n_tokens; ++i) read(tokens_.data() + depth + i, 1);
  return seconds_since(start);
}

double BenchSession::decode_together(std::vector<BenchSession>& sessions, std::int64_t n_tokens,
                                     std::int64_t depth) {
  std::vector<minnow_session*> handles;
  for (BenchSession& session : sessions) {
    session.read_up_to(depth);
    handles.push_back(session.session_);
  }
  std::vector<minnow_token> tokens(sessions.size());
  const auto start = Clock::now();
  for (std::int64_t i = 0; i < n_tokens; ++i) {
    for (std::size_t s = 0; s < sessions.size(); ++s) {  // no two read the same
      const std::vector<minnow_token>& own = sessions[s].tokens_;
      tokens[s] = own[(static_cast<std::size_t>(depth + i) + 17 * s) % own.size()];
    }
    check(minnow_sessions_decode(handles.data(), tokens.data(), handles.size()));
    for (minnow_session* session : handles) {
      const float* logits = nullptr;
      check(minnow_session_logits(session, &logits));
    }
  }
  return seconds_since(start);
}

double BenchSession::answer(std::int64_t n_tokens, std::int64_t depth) {
  read_up_to(depth);
  const std::vector<minnow_token> story = tokenize(model_, kStory, MINNOW_ADD_SPECIAL);
  check(minnow_session_prefill(session_, story.data(),
                               std::min<std::size_t>(story.size(), kStoryTokens)));
  const auto start = Clock::now();
  for (std::int64_t i = 0; i < n_tokens; ++i) {
    minnow_token token = 0;
    check(minnow_session_sample(session_, &token));
    check(minnow_session_prefill(session_, &token, 1));
  }
  return seconds_since(start);
}

}  // namespace minnow::program
