// Texts as vectors, and the encoder's half of models that have a decoder behind it.
#include <algorithm>
#include <limits>

#include "runtime/session.hpp"
#include "tokenizer/tokenizer.hpp"

namespace minnow {

namespace {

constexpr std::int64_t kOneSegment = std::numeric_limits<std::int64_t>::max();

// Of a pair of texts, as scores are asked for: where the second one begins.
std::int64_t second_segment_of(std::span<const Token> tokens, Token separator) {
  const auto found = std::find(tokens.begin(), tokens.end(), separator);
  return found == tokens.end() ? kOneSegment : found - tokens.begin() + 1;
}

}  // namespace

Status Session::encode_text(std::span<const Token> tokens, std::int64_t second_segment) {
  hidden_row_ = -1;
  has_logits_ = false;
  return encoder_->encode(context(), tokens, second_segment);
}

Status Session::pool_states(std::span<const Token> tokens) {
  const KernelTable& table = model_->runtime().table();
  if (encoder_) {
    const bool is_pair = pooler_->kind() == Pooling::kRank;
    const Token separator = model_->tokenizer().special().sep;
    MINNOW_TRY(encode_text(tokens, is_pair ? second_segment_of(tokens, separator) : kOneSegment));
    pooler_->add(table, work_.normed, static_cast<std::int64_t>(tokens.size()));
    return {};
  }
  while (!tokens.empty()) {
    const std::size_t n = std::min(tokens.size(), static_cast<std::size_t>(size_.n_batch));
    MINNOW_TRY(read_batch(tokens.first(n)));
    decoder_->final_states(context(), 0, static_cast<std::int64_t>(n), work_.normed);
    pooler_->add(table, work_.normed, static_cast<std::int64_t>(n));
    tokens = tokens.subspan(n);
  }
  return {};
}

Status Session::embed(std::span<const Token> tokens, Embedding& out) {
  if (tokens.empty())
    return error(StatusCode::kInvalidArgument, "a text without tokens has no vector");
  MINNOW_TRY(truncate(0));
  MINNOW_TRY(check_tokens(tokens));
  has_source_ = false;
  pooler_->begin();
  Embedding made;
  Status status = pool_states(tokens);
  if (status.ok()) status = pooler_->finish(context(), made);
  if (cancel_.load(std::memory_order_relaxed))
    status = error(StatusCode::kCancelled, "cancelled while embedding a text");
  MINNOW_TRY(truncate(0));
  MINNOW_TRY(status);
  out = made;
  return {};
}

Status Session::encode(std::span<const Token> tokens) {
  if (!encoder_ || !decoder_)
    return error(StatusCode::kUnsupported, "the model has no encoder in front of a decoder");
  if (tokens.empty())
    return error(StatusCode::kInvalidArgument, "a text without tokens cannot be encoded");
  MINNOW_TRY(truncate(0));
  MINNOW_TRY(check_tokens(tokens));
  has_source_ = false;
  MINNOW_TRY(encode_text(tokens, kOneSegment));
  decoder_->read_source(context(), work_.normed, static_cast<std::int64_t>(tokens.size()), source_);
  if (cancel_.load(std::memory_order_relaxed))
    return error(StatusCode::kCancelled, "cancelled while encoding a text");
  has_source_ = true;
  return {};
}

}  // namespace minnow
