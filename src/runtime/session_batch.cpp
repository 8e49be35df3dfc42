// Decoding in several sessions at once: the weights are read once for all of them.
#include <algorithm>
#include <array>

#include "runtime/session.hpp"

namespace minnow {

namespace {

constexpr std::size_t kMostTogether = 64;

}  // namespace

// Whether both can be rows of one pass: nothing but their own past may make a difference.
bool Session::can_go_with(const Session& leader) const {
  const ModelConfig& config = model_->config();
  const bool is_long = size_.n_ctx > config.n_ctx_short;
  const bool leads_long = leader.size_.n_ctx > config.n_ctx_short;
  return decoder_ && !encoder_ && attached_.empty() && leader.attached_.empty() &&
         (is_long == leads_long || !model_->weights().rope_factors_long);
}

Status Session::check_different(std::span<Session* const> sessions) {
  for (std::size_t i = 0; i < sessions.size(); ++i) {
    const auto before = sessions.first(i);
    if (std::find(before.begin(), before.end(), sessions[i]) != before.end())
      return error(StatusCode::kInvalidArgument, "session ", i, " is in the list twice");
  }
  return {};
}

Status Session::decode_together(std::span<Session* const> sessions, std::span<const Token> tokens) {
  MINNOW_TRY(check_different(sessions));
  for (std::size_t i = 0; i < sessions.size(); ++i) {
    if (sessions[i]->model_ != sessions[0]->model_)
      return error(StatusCode::kInvalidArgument, "session ", i,
                   " has another model than session 0: only those of one model go together");
    MINNOW_TRY(sessions[i]->check_decoder());
    MINNOW_TRY(sessions[i]->check_tokens(tokens.subspan(i, 1)));
  }
  for (std::size_t first = 0; first < sessions.size();) {
    const Session& leader = *sessions[first];
    const std::size_t most =
        std::min(kMostTogether, static_cast<std::size_t>(leader.size_.n_batch));
    std::size_t n = 0;
    while (n < most && first + n < sessions.size() && sessions[first + n]->can_go_with(leader)) ++n;
    if (n > 1) {
      MINNOW_TRY(decode_group(sessions.subspan(first, n), tokens.subspan(first, n)));
      first += n;
    } else {
      MINNOW_TRY(sessions[first]->decode(tokens[first]));
      ++first;
    }
  }
  return {};
}

// As one pass in the first session's workspace. On failure all are as before.
Status Session::decode_group(std::span<Session* const> sessions, std::span<const Token> tokens) {
  Session& leader = *sessions[0];
  std::array<Decoder::Row, kMostTogether> rows;
  std::array<float*, kMostTogether> logits;
  for (std::size_t i = 0; i < sessions.size(); ++i) {
    Session& session = *sessions[i];
    session.oldest_chunk_ =
        std::max(session.oldest_chunk_, session.first_chunk_at(session.n_tokens_ + 1));
    rows[i] = {&session.cache_, session.n_tokens_};
    logits[i] = session.work_.logits;
    session.hidden_row_ = -1;
    session.has_logits_ = false;
  }
  const OpContext context = leader.context();
  MINNOW_TRY(
      leader.decoder_->forward_rows(context, tokens, std::span(rows).first(sessions.size())));
  MINNOW_TRY(
      leader.decoder_->compute_logits_of_rows(context, std::span(logits).first(sessions.size())));
  const std::int64_t n_weight_bytes =
      leader.model_->bytes_per_token() / static_cast<std::int64_t>(sessions.size());
  const auto n_embd = static_cast<std::size_t>(leader.model_->config().n_embd);
  for (std::size_t i = 0; i < sessions.size(); ++i) {
    Session& session = *sessions[i];
    if (i > 0) std::copy_n(leader.work_.x + i * n_embd, n_embd, session.work_.x);
    session.take(tokens.subspan(i, 1), n_weight_bytes);
    session.has_logits_ = true;
  }
  return {};
}

}  // namespace minnow
