// The filters that lay text out in lines; rows of text_filters.cpp.
#pragma once

#include "template/native.hpp"

namespace minnow {

bool indent_filter(const NativeCall& call, Value* out);
bool truncate_filter(const NativeCall& call, Value* out);
bool wordwrap_filter(const NativeCall& call, Value* out);

}  // namespace minnow
