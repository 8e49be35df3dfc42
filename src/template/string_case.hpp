// The methods of str about case, classes of characters and padding; rows of string_methods.cpp.
#pragma once

#include "template/native.hpp"

namespace minnow {

bool upper_method(const NativeCall& call, Value* out);
bool lower_method(const NativeCall& call, Value* out);
bool title_method(const NativeCall& call, Value* out);
bool capitalize_method(const NativeCall& call, Value* out);
bool swapcase_method(const NativeCall& call, Value* out);
bool isdigit_method(const NativeCall& call, Value* out);
bool isalpha_method(const NativeCall& call, Value* out);
bool isalnum_method(const NativeCall& call, Value* out);
bool isspace_method(const NativeCall& call, Value* out);
bool isupper_method(const NativeCall& call, Value* out);
bool islower_method(const NativeCall& call, Value* out);
bool isascii_method(const NativeCall& call, Value* out);
bool isprintable_method(const NativeCall& call, Value* out);
bool istitle_method(const NativeCall& call, Value* out);
bool isidentifier_method(const NativeCall& call, Value* out);
bool center_method(const NativeCall& call, Value* out);
bool ljust_method(const NativeCall& call, Value* out);
bool rjust_method(const NativeCall& call, Value* out);
bool zfill_method(const NativeCall& call, Value* out);
bool expandtabs_method(const NativeCall& call, Value* out);

}  // namespace minnow
