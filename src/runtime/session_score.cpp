// Scoring continuations: their log-probabilities after what the session has read, which it leaves
// as it was. Tokens to be scored are read behind the session's own, without becoming part of them.
#include <algorithm>
#include <vector>

#include "base/exact_math.hpp"
#include "runtime/session.hpp"

namespace minnow {

namespace {

double log_probability(const KernelTable& table, std::span<const float> logits, Token token) {
  const float most = *std::max_element(logits.begin(), logits.end());
  const float sum = table.sum_exp(logits.data(), static_cast<std::int64_t>(logits.size()), most);
  return double{logits[static_cast<std::size_t>(token)]} - most - exact_log(double{sum});
}

}  // namespace

Status Session::score(std::span<const Token> context, std::span<const Continuation> continuations,
                      double* out) {
  MINNOW_TRY(check_decoder());
  if (context.empty() && hidden_row_ < 0)
    return error(StatusCode::kInvalidArgument,
                 "there is nothing that the continuations could follow: read a token first");
  MINNOW_TRY(check_tokens(context));
  for (const Continuation& one : continuations) {
    MINNOW_TRY(check_tokens(one.tokens));
    MINNOW_TRY(check_room(context.size() + one.tokens.size()));
  }
  // The state behind the session's last token comes back in any case.
  const std::span<const float> last = last_state();
  const std::vector<float> kept(last.begin(), last.end());
  std::vector<double> scores(continuations.size());
  Status status = score_all(context, continuations, scores.data());
  if (status.ok()) status = keep_window(n_tokens_, {});
  if (!status.ok() && !has_window(n_tokens_)) {
    MINNOW_TRY(truncate(0));
    return error(status.code(), status.message(), "; the session is empty now");
  }
  std::copy(kept.begin(), kept.end(), work_.x);
  hidden_row_ = kept.empty() ? -1 : 0;
  has_logits_ = false;
  MINNOW_TRY(status);
  std::copy(scores.begin(), scores.end(), out);
  return {};
}

Status Session::score_all(std::span<const Token> context,
                          std::span<const Continuation> continuations, double* scores) {
  const auto n_vocab = static_cast<std::size_t>(model_->config().n_vocab);
  const std::int64_t position = n_tokens_ + static_cast<std::int64_t>(context.size());
  std::int64_t last_row = hidden_row_;
  MINNOW_TRY(read_beside(context, n_tokens_, last_row));
  MINNOW_TRY(decoder_->compute_logits(this->context(), last_row, 1));
  const std::vector<float> first(work_.logits, work_.logits + n_vocab);
  for (std::size_t i = 0; i < continuations.size(); ++i) {
    MINNOW_TRY(keep_window(position, context));
    MINNOW_TRY(score_one(continuations[i], position, first, scores[i]));
  }
  return {};
}

// Reads tokens from `position` on, which do not become the session's.
Status Session::read_beside(std::span<const Token> tokens, std::int64_t position,
                            std::int64_t& last_row) {
  while (!tokens.empty()) {
    const std::size_t n = std::min(tokens.size(), static_cast<std::size_t>(size_.n_batch));
    const std::int64_t end = position + static_cast<std::int64_t>(n);
    oldest_chunk_ = std::max(oldest_chunk_, first_chunk_at(end));
    MINNOW_TRY(decoder_->forward(context(), tokens.first(n), position));
    position = end;
    last_row = static_cast<std::int64_t>(n) - 1;
    tokens = tokens.subspan(n);
  }
  return {};
}

// A long continuation may have driven out of the windows what a token at `position` looks back to:
// then the session's tokens and the context are read again.
Status Session::keep_window(std::int64_t position, std::span<const Token> context) {
  if (has_window(position)) return {};
  std::int64_t last_row = -1;
  oldest_chunk_ = 0;
  MINNOW_TRY(read_beside(tokens(), 0, last_row));
  return read_beside(context, n_tokens_, last_row);
}

// One continuation behind `position`; `first` are the logits there.
Status Session::score_one(const Continuation& one, std::int64_t position,
                          std::span<const float> first, double& score) {
  const KernelTable& table = model_->runtime().table();
  const std::span<const Token> tokens = one.tokens;
  score = 0;
  if (tokens.size() <= one.n_given) return {};
  if (one.n_given == 0) score += log_probability(table, first, tokens[0]);
  // Row r of a batch from `at` on tells of token at + r + 1.
  for (std::size_t at = 0; at + 1 < tokens.size();) {
    const std::size_t n = std::min(tokens.size() - 1 - at, static_cast<std::size_t>(size_.n_batch));
    std::int64_t last_row = -1;
    MINNOW_TRY(
        read_beside(tokens.subspan(at, n), position + static_cast<std::int64_t>(at), last_row));
    for (std::size_t row = 0; row < n; ++row) {
      if (at + row + 1 < one.n_given) continue;
      MINNOW_TRY(decoder_->compute_logits(context(), static_cast<std::int64_t>(row), 1));
      score +=
          log_probability(table, {work_.logits, static_cast<std::size_t>(model_->config().n_vocab)},
                          tokens[at + row + 1]);
    }
    at += n;
  }
  return {};
}

}  // namespace minnow
