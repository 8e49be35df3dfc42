// What an integer kernel must know of a format, without the registry's table: a kernel folder may
// leave no linkable symbol behind, so formats come as template parameters or by a switch.
#pragma once

#include "kernels/formats/format.hpp"

namespace minnow::generic {

// The family of the arithmetic that a format follows (docs/kernels.md).
struct IntegerRule {
  int elements;  // weights in a block
  int x_group;   // activations under one scale: 32 or 128
  int sub;       // weights under one weight scale: 16 or 32
  Mins mins;
};

[[gnu::always_inline]] constexpr IntegerRule integer_rule(Format format) {
  switch (format) {
#define MINNOW_FORMAT(identifier, name, ggml, elements, bytes, x_group, sub, mins, packing) \
  case Format::k##identifier:                                                               \
    return {elements, x_group, sub, Mins::k##mins};
#include "kernels/formats/formats.inc"
#undef MINNOW_FORMAT
  }
  return {};
}

template <Format F>
struct FormatConstant {
  static constexpr Format kValue = F;
};

// visit(FormatConstant<format>) for the quantised formats that are packed as tiles; false for
// others.
template <class Visit>
[[gnu::always_inline]] inline bool visit_integer_tiles(Format format, const Visit& visit) {
  switch (format) {
    case Format::kQ4_0:
      visit(FormatConstant<Format::kQ4_0>{});
      return true;
    case Format::kQ4_1:
      visit(FormatConstant<Format::kQ4_1>{});
      return true;
    case Format::kQ5_0:
      visit(FormatConstant<Format::kQ5_0>{});
      return true;
    case Format::kQ5_1:
      visit(FormatConstant<Format::kQ5_1>{});
      return true;
    case Format::kQ8_0:
      visit(FormatConstant<Format::kQ8_0>{});
      return true;
    case Format::kQ4_K:
      visit(FormatConstant<Format::kQ4_K>{});
      return true;
    case Format::kQ5_K:
      visit(FormatConstant<Format::kQ5_K>{});
      return true;
    case Format::kQ6_K:
      visit(FormatConstant<Format::kQ6_K>{});
      return true;
    default:
      return false;
  }
}

}  // namespace minnow::generic
