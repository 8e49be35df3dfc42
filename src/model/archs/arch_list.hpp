// The rows of archs.inc.
#pragma once

#include "model/arch_traits.hpp"

namespace minnow::archs {

#define MINNOW_ARCH(identifier) extern const ArchTraits identifier;
#include "model/archs/archs.inc"
#undef MINNOW_ARCH

}  // namespace minnow::archs
