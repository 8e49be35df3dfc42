// DRY ("don't repeat yourself", by p-e-w and pi6am): a token that would extend a sequence which
// occurred before is penalised by multiplier * base^(length - allowed length).
//
// Lengths come from the Z function of the reversed history: how far the text before each earlier
// position agrees with the newest text; linear in the window. Nothing matches across a breaker.
#include <algorithm>
#include <array>

#include "sampling/stage.hpp"

namespace minnow {
namespace {

// How many of the newest tokens lie behind the last breaker.
int length_since_breaker(const StageState& state, int n) {
  if (state.breakers.empty()) return n;
  std::array<Token, DryBreakers::kMaxTail> following;
  for (int i = 0; i < n; ++i) {
    const int n_following = std::min(i, static_cast<int>(following.size()));
    for (int j = 0; j < n_following; ++j) {
      following[static_cast<size_t>(j)] = state.history.from_end(static_cast<size_t>(i - 1 - j));
    }
    const int tail = state.breakers.match(
        state.history.from_end(static_cast<size_t>(i)),
        std::span<const Token>(following.data(), static_cast<size_t>(n_following)));
    if (tail >= 0) return i - tail;
  }
  return n;
}

// lengths[k] = number of tokens that agree, going back from k tokens before the newest one and from
// the newest one.
void match_lengths(const TokenHistory& history, int n, std::int32_t* lengths) {
  const auto at = [&history](int i) { return history.from_end(static_cast<size_t>(i)); };
  int left = 0;
  int right = 0;  // [left, right) is the match that reaches furthest back
  lengths[0] = n;
  for (int k = 1; k < n; ++k) {
    int length = k < right ? std::min(right - k, lengths[k - left]) : 0;
    while (k + length < n && at(length) == at(k + length)) ++length;
    lengths[k] = length;
    if (k + length > right) {
      left = k;
      right = k + length;
    }
  }
}

// The exponent above which the power would leave the range of a float; 0: never.
int largest_exponent(float base) {
  constexpr double kLogOfLargestFloat = 88.7228391;
  return base > 1.000001f ? static_cast<int>(kLogOfLargestFloat / log_double(base)) : 0;
}

}  // namespace

void apply_dry(StageState& state, Candidates& candidates) {
  const SamplingValues& v = state.values;
  if (v.dry_multiplier <= 0.0f || v.dry_base < 1.0f) return;
  const auto n = static_cast<int>(std::min(state.history.size(), state.dry_lengths.size()));
  if (n <= v.dry_allowed_length) return;
  const int limit = length_since_breaker(state, n);
  if (limit < v.dry_allowed_length) return;

  match_lengths(state.history, n, state.dry_lengths.data());
  state.dry_matches.clear();
  for (int k = 1; k < n; ++k) {
    const int length = std::min(state.dry_lengths[static_cast<size_t>(k)], limit);
    const Token next = state.history.from_end(static_cast<size_t>(k - 1));
    if (length < v.dry_allowed_length || state.breakers.is_single(next)) continue;
    std::int32_t& longest = state.dry_matches[next];
    longest = std::max(longest, length);
  }
  const int most = largest_exponent(v.dry_base);
  candidates.edit(state.dry_matches, [&v, most](float logit, std::int32_t length) {
    const int over = length - v.dry_allowed_length;
    const int exponent = most > 0 ? std::min(over, most) : over;
    return logit - static_cast<float>(v.dry_multiplier * pow_whole(v.dry_base, exponent));
  });
}

}  // namespace minnow
