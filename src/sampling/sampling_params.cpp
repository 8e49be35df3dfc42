#include "sampling/sampling_params.hpp"

#include <charconv>
#include <limits>
#include <type_traits>

namespace minnow {
namespace {

template <class Number>
constexpr OptionType option_type() {
  if (std::is_same_v<Number, float>) return OptionType::kReal;
  return std::is_same_v<Number, std::uint64_t> ? OptionType::kUnsigned : OptionType::kInteger;
}

constexpr SamplingOption kOptions[] = {
#define MINNOW_SAMPLING_OPTION(type, member, initial, name, others, least, most, meaning) \
  {name, others, option_type<type>(), least, most, static_cast<double>(initial), meaning},
#include "sampling/options.inc"
#undef MINNOW_SAMPLING_OPTION
};

Status no_such_option(std::string_view name) {
  std::string known;
  for (const SamplingOption& option : kOptions) {
    known += option.name;
    known += ", ";
  }
  return error(StatusCode::kNotFound, "sampling option '", name.substr(0, 64), "' is not one of ",
               known, "samplers, sampling_seq, logit_bias, dry_sequence_breaker");
}

const SamplingOption* find_option(std::string_view name) {
  for (const SamplingOption& option : kOptions) {
    if (name_matches(name, option.name, option.other_names)) return &option;
  }
  return nullptr;
}

// `value` is compared, not assigned: NaN fails too.
template <class Number>
Status check_range(const SamplingOption& option, Number value) {
  if (static_cast<double>(value) >= option.least && static_cast<double>(value) <= option.most) {
    return {};
  }
  return error(StatusCode::kInvalidArgument, option.name, ": ", value, " is not between ",
               option.least, " and ", option.most, " (", option.meaning, ")");
}

// Calls visit(option, member) for the member that belongs to a row.
template <class Values, class Visit>
void visit_member(const SamplingOption& option, Values* values, Visit visit) {
  size_t row = 0;
  const auto wanted = static_cast<size_t>(&option - kOptions);
#define MINNOW_SAMPLING_OPTION(type, member, initial, name, others, least, most, meaning) \
  if (row++ == wanted) visit(values->member);
#include "sampling/options.inc"
#undef MINNOW_SAMPLING_OPTION
}

template <class Number>
bool parse_number(std::string_view text, Number* value) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  Number parsed{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), parsed);
  if (failure != std::errc() || end != text.data() + text.size() || text.empty()) return false;
  *value = parsed;
  return true;
}

Status add_logit_bias(std::string_view text, SamplingParams* params) {
  const size_t sign = text.find_first_of("+-", 1);
  LogitBias row{};
  if (text.empty() || sign == std::string_view::npos ||
      !parse_number(text.substr(0, sign), &row.token) ||
      !parse_number(text.substr(sign), &row.bias) || row.token < 0 ||
      !(row.bias <= std::numeric_limits<float>::max())) {
    return error(StatusCode::kInvalidArgument, "logit_bias: '", text.substr(0, 64),
                 "' is not a token and a bias, as in 15043+1.5, 15043-2 or 15043-inf");
  }
  params->logit_bias.push_back(row);
  return {};
}

}  // namespace

std::span<const SamplingOption> sampling_options() {
  return kOptions;
}

Status set_sampling_option(std::string_view name, std::string_view value, SamplingParams* params) {
  if (name_matches(name, "samplers", "")) return parse_samplers(value, &params->order);
  if (name_matches(name, "sampling_seq", "sampler_seq")) {
    return parse_sampling_seq(value, &params->order);
  }
  if (name_matches(name, "logit_bias", "")) return add_logit_bias(value, params);
  if (name_matches(name, "dry_sequence_breaker", "")) {
    if (value == "none") {
      params->dry_sequence_breakers.clear();
    } else {
      params->dry_sequence_breakers.emplace_back(value);
    }
    return {};
  }
  const SamplingOption* option = find_option(name);
  if (option == nullptr) return no_such_option(name);
  Status status;
  visit_member(*option, static_cast<SamplingValues*>(params), [&](auto& member) {
    auto parsed = member;
    if (!parse_number(value, &parsed)) {
      status = error(
          StatusCode::kInvalidArgument, option->name, ": '", value.substr(0, 64),
          option->type == OptionType::kReal ? "' is not a number" : "' is not a whole number");
      return;
    }
    status = check_range(*option, parsed);
    if (status.ok()) member = parsed;
  });
  return status;
}

Status set_sampling_option(std::string_view name, double value, SamplingParams* params) {
  const SamplingOption* option = find_option(name);
  if (option == nullptr) return no_such_option(name);
  MINNOW_TRY(check_range(*option, value));
  // 2^64 is in the range of a double that was rounded up, but not of the seed.
  if (option->type != OptionType::kReal &&
      (value != static_cast<double>(static_cast<std::int64_t>(value < 0x1p63 ? value : 0)) ||
       value >= 0x1p63)) {
    return error(StatusCode::kInvalidArgument, option->name, ": ", value,
                 " is not a whole number below 2^63");
  }
  visit_member(*option, static_cast<SamplingValues*>(params), [value](auto& member) {
    member = static_cast<std::remove_reference_t<decltype(member)>>(value);
  });
  return {};
}

Status get_sampling_option(const SamplingParams& params, std::string_view name, double* value) {
  const SamplingOption* option = find_option(name);
  if (option == nullptr) return no_such_option(name);
  visit_member(*option, static_cast<const SamplingValues*>(&params),
               [value](const auto& member) { *value = static_cast<double>(member); });
  return {};
}

Status check_sampling_params(const SamplingParams& params, int n_vocab) {
  for (const SamplingOption& option : kOptions) {
    Status status;
    visit_member(option, static_cast<const SamplingValues*>(&params),
                 [&](const auto& member) { status = check_range(option, member); });
    MINNOW_TRY(status);
  }
  for (const LogitBias& row : params.logit_bias) {
    if (row.token < 0 || row.token >= n_vocab) {
      return error(StatusCode::kInvalidArgument, "logit_bias: token ", row.token,
                   " is not in the vocabulary of ", n_vocab);
    }
    if (!(row.bias <= std::numeric_limits<float>::max())) {
      return error(StatusCode::kInvalidArgument, "logit_bias: ", row.bias, " for token ", row.token,
                   " is not a number");
    }
  }
  return {};
}

}  // namespace minnow
