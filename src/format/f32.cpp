// F32: four bytes a weight, as the processor has them.
#include "format/format_rows.hpp"

namespace minnow {
namespace {

void decode(const void* block, float* values) {
  std::memcpy(values, block, sizeof *values);
}

void encode(const float* values, void* block) {
  std::memcpy(block, values, sizeof *values);
}

}  // namespace

constinit const FormatTraits kF32Traits = float_traits<Format::kF32, decode>(encode, 0);

}  // namespace minnow
