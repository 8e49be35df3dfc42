#include "model/arch_traits.hpp"

#include "model/archs/arch_list.hpp"

namespace minnow {

namespace {

constexpr const ArchTraits* kArchs[] = {
#define MINNOW_ARCH(identifier) &archs::identifier,
#include "model/archs/archs.inc"
#undef MINNOW_ARCH
};

}  // namespace

const ArchTraits* find_arch(std::string_view name) {
  for (const ArchTraits* arch : kArchs) {
    if (name == arch->name) return arch;
  }
  return nullptr;
}

std::string known_archs() {
  std::string names;
  for (const ArchTraits* arch : kArchs) {
    if (!names.empty()) names += ", ";
    names += arch->name;
  }
  return names;
}

}  // namespace minnow
