#include "model/arch_traits.hpp"

#include "model/archs/arch_list.hpp"

namespace minnow {

const ArchTraits* find_arch(std::string_view name) {
  static constexpr const ArchTraits* kArchs[] = {
#define MINNOW_ARCH(identifier) &archs::identifier,
#include "model/archs/archs.inc"
#undef MINNOW_ARCH
  };
  for (const ArchTraits* arch : kArchs) {
    if (name == arch->name) return arch;
  }
  return nullptr;
}

const char* known_archs() {
  static constexpr char kNames[] =
#define MINNOW_ARCH(identifier) ", " #identifier
#include "model/archs/archs.inc"
#undef MINNOW_ARCH
      ;
  return kNames + 2;
}

}  // namespace minnow
