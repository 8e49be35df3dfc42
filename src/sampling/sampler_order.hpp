// SamplerOrder: which stages run, and in which order, as --samplers and --sampling-seq say it.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "base/status.hpp"

namespace minnow {

enum class StageId : unsigned char {
#define MINNOW_SAMPLING_STAGE(id, name, others, letter, role, function, need) id,
#include "sampling/stages.inc"
#undef MINNOW_SAMPLING_STAGE
};

enum class StageRole : unsigned char { kEdit, kFilter };

// A row of stages.inc without its function (stage.hpp has that).
struct StageName {
  StageId id;
  const char* name;
  const char* other_names;  // separated by ';'
  char letter;              // 0: cannot be chosen
  StageRole role;
};

std::span<const StageName> stage_names();

class SamplerOrder {
 public:
  static constexpr int kMaxStages = 32;  // a stage may occur more than once

  // The default order: all stages that can be chosen, as stages.inc lists them.
  SamplerOrder();

  std::span<const StageId> stages() const { return {stages_.data(), static_cast<size_t>(n_)}; }

 private:
  friend Status parse_samplers(std::string_view text, SamplerOrder* order);
  friend Status parse_sampling_seq(std::string_view letters, SamplerOrder* order);
  Status append(StageId id);

  std::array<StageId, kMaxStages> stages_{};
  int n_ = 0;
};

// Parses "penalties;dry;top_k;temperature" (';' or ',' between names, '-' equal to '_', spaces
// ignored); an empty text is the empty chain. kNotFound: an unknown name, with the list of names.
Status parse_samplers(std::string_view text, SamplerOrder* order);

// Parses one letter a stage: "edskypmxt".
Status parse_sampling_seq(std::string_view letters, SamplerOrder* order);

// Writes the order as parse_samplers reads it.
std::string to_string(const SamplerOrder& order);

// Whether `text` is one of the names in a list separated by ';', with '-' equal to '_'.
bool name_matches(std::string_view text, std::string_view name, std::string_view other_names);

}  // namespace minnow
