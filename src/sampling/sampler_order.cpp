#include "sampling/sampler_order.hpp"

namespace minnow {
namespace {

constexpr StageName kStages[] = {
#define MINNOW_SAMPLING_STAGE(id, name, others, letter, role, function, need) \
  {StageId::id, name, others, letter, StageRole::role},
#include "sampling/stages.inc"
#undef MINNOW_SAMPLING_STAGE
};

std::string list_of_names() {
  std::string names;
  for (const StageName& stage : kStages) {
    if (stage.letter == 0) continue;
    if (!names.empty()) names += ", ";
    names += stage.name;
  }
  return names;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpaces = " \t";
  const size_t first = text.find_first_not_of(kSpaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

bool same_name(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if ((a[i] == '-' ? '_' : a[i]) != b[i]) return false;
  }
  return true;
}

}  // namespace

std::span<const StageName> stage_names() {
  return kStages;
}

bool name_matches(std::string_view text, std::string_view name, std::string_view other_names) {
  if (text.empty()) return false;
  if (same_name(text, name)) return true;
  while (!other_names.empty()) {
    const size_t end = other_names.find(';');
    if (same_name(text, other_names.substr(0, end))) return true;
    other_names = end == std::string_view::npos ? "" : other_names.substr(end + 1);
  }
  return false;
}

SamplerOrder::SamplerOrder() {
  for (const StageName& stage : kStages) {
    if (stage.letter != 0) stages_[static_cast<size_t>(n_++)] = stage.id;
  }
}

Status SamplerOrder::append(StageId id) {
  if (n_ == kMaxStages) {
    return error(StatusCode::kInvalidArgument, "samplers: at most ", kMaxStages, " stages");
  }
  stages_[static_cast<size_t>(n_++)] = id;
  return {};
}

Status parse_samplers(std::string_view text, SamplerOrder* order) {
  SamplerOrder result;
  result.n_ = 0;
  while (!text.empty()) {
    const size_t end = text.find_first_of(";,");
    const std::string_view name = trim(text.substr(0, end));
    text = end == std::string_view::npos ? "" : text.substr(end + 1);
    if (name.empty()) continue;
    const StageName* found = nullptr;
    for (const StageName& stage : kStages) {
      if (stage.letter != 0 && name_matches(name, stage.name, stage.other_names)) found = &stage;
    }
    if (found == nullptr) {
      return error(StatusCode::kNotFound, "sampler '", name.substr(0, 64), "' is not one of ",
                   list_of_names());
    }
    MINNOW_TRY(result.append(found->id));
  }
  *order = result;
  return {};
}

Status parse_sampling_seq(std::string_view letters, SamplerOrder* order) {
  SamplerOrder result;
  result.n_ = 0;
  for (const char letter : letters) {
    const StageName* found = nullptr;
    for (const StageName& stage : kStages) {
      if (stage.letter != 0 && stage.letter == letter) found = &stage;
    }
    if (found == nullptr) {
      std::string known;
      for (const StageName& stage : kStages) {
        if (stage.letter != 0) known += stage.letter;
      }
      return error(StatusCode::kNotFound, "sampling sequence: '", letter, "' is not one of ",
                   known);
    }
    MINNOW_TRY(result.append(found->id));
  }
  *order = result;
  return {};
}

std::string to_string(const SamplerOrder& order) {
  std::string text;
  for (const StageId id : order.stages()) {
    if (!text.empty()) text += ';';
    text += kStages[static_cast<size_t>(id)].name;
  }
  return text;
}

}  // namespace minnow
