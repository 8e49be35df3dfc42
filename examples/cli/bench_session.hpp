// BenchSession: times reading prompts and decoding, as llama-bench counts them: random tokens, no
// sampling, no text, the logits of the last token only.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "handles.hpp"

namespace minnow::program {

class BenchSession {
 public:
  BenchSession(minnow_model* model, minnow_session* session);

  // Seconds for n tokens read together, or one by one, after `depth` tokens.
  double prefill(std::int64_t n_tokens, std::int64_t depth);
  double decode(std::int64_t n_tokens, std::int64_t depth);
  // As decode, each token chosen by the session's sampler, going on with a story of at most
  // kStoryTokens that is read before: how much of the output head screening reads depends on the
  // text.
  static constexpr std::int64_t kStoryTokens = 96;
  double answer(std::int64_t n_tokens, std::int64_t depth);
  // As decode, n tokens of each session, one of all of them at a time.
  static double decode_together(std::vector<BenchSession>& sessions, std::int64_t n_tokens,
                                std::int64_t depth);

 private:
  void read_up_to(std::int64_t depth);
  void read(const minnow_token* tokens, std::size_t n_tokens);

  minnow_model* model_;
  minnow_session* session_;
  std::vector<minnow_token> tokens_;  // always the same, so that a prefix can be kept
};

}  // namespace minnow::program
