#include "format/format_traits.hpp"

#include "format/format_rows.hpp"

namespace minnow {
namespace {

constexpr const FormatTraits* kRows[] = {
#define MINNOW_FORMAT(identifier, ...) &k##identifier##Traits,
#include "kernels/formats/formats.inc"
#undef MINNOW_FORMAT
};

}  // namespace

const FormatTraits& format_traits(Format format) {
  return *kRows[static_cast<int>(format)];
}

void decode_row(Format format, const void* row, std::int64_t k, float* out) {
  format_traits(format).decode_row(row, k, out);
}

bool encode_row(Format format, const float* values, std::int64_t k, void* row) {
  const FormatTraits& traits = format_traits(format);
  if (traits.encode == nullptr) return false;
  char* block = static_cast<char*>(row);
  for (std::int64_t i = 0; i < k; i += traits.info->elements, block += traits.info->block_bytes)
    traits.encode(values + i, block);
  return true;
}

}  // namespace minnow
