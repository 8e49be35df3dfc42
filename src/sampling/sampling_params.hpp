// SamplingParams: everything a user can set about sampling, with the field's names and defaults.
//
// The numbers come from options.inc and can be set, read and described by name; sampler_order.hpp
// has the order of the chain. Checking happens here, once; the stages trust what they get.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.hpp"
#include "base/token.hpp"
#include "sampling/sampler_order.hpp"

namespace minnow {

// The field's value for "choose a seed yourself". A Sampler takes it for a seed like any other: it
// has no source of entropy, the program has one.
inline constexpr std::uint64_t kRandomSeed = 4294967295u;

struct LogitBias {
  Token token;
  float bias;  // added to the logit; -infinity bans the token
};

// The numbers only: what the stages read. Copyable without allocating.
struct SamplingValues {
#define MINNOW_SAMPLING_OPTION(type, member, initial, name, others, least, most, meaning) \
  type member = initial;
#include "sampling/options.inc"
#undef MINNOW_SAMPLING_OPTION
};

struct SamplingParams : SamplingValues {
  SamplerOrder order;
  std::vector<LogitBias> logit_bias;
  // Texts that DRY does not match across; dry_breakers.hpp finds their tokens in a vocabulary.
  std::vector<std::string> dry_sequence_breakers = {"\n", ":", "\"", "*"};
};

enum class OptionType { kInteger, kUnsigned, kReal };

// A row of options.inc.
struct SamplingOption {
  const char* name;
  const char* other_names;  // separated by ';'
  OptionType type;
  double least, most;
  double initial;  // the default
  const char* meaning;
};

// Returns all numeric options in the order of options.inc.
std::span<const SamplingOption> sampling_options();

// Sets an option by name from text. Besides the numbers: "samplers" ("penalties;dry;top_k"),
// "sampling_seq" ("edkt"), "logit_bias" ("15043+1.5", "15043-inf"; adds one) and
// "dry_sequence_breaker" (adds one; the first call drops nothing, "none" empties the list).
// kNotFound: no such option (the message lists them). kInvalidArgument: not a number, or out of
// range.
Status set_sampling_option(std::string_view name, std::string_view value, SamplingParams* params);

// Sets a numeric option by name. Same statuses; integers must be whole.
Status set_sampling_option(std::string_view name, double value, SamplingParams* params);

// Reads a numeric option by name. kNotFound: no such option.
Status get_sampling_option(const SamplingParams& params, std::string_view name, double* value);

// Checks all values, for callers that filled the struct themselves; n_vocab bounds the biased
// tokens.
Status check_sampling_params(const SamplingParams& params, int n_vocab);

}  // namespace minnow
