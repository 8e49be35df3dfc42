// value_from_json: JSON text into a Value, for contexts and for what users send.
#pragma once

#include <memory_resource>
#include <string_view>

#include "base/status.hpp"
#include "template/value.hpp"

namespace minnow {

// Objects become dicts (keys in their order, the last of equal keys wins), at most 128 levels deep.
// kInvalidArgument names what is malformed.
//
// `mark_strings`: a user wrote this. Then every string, every key, every number, true, false and
// null prints as marked bytes, except the value of the key "role" where it is one of the few names
// that chat templates know (is_known_role): templates build control tokens from it ('<|' + role +
// '|>'), and choosing among these names is all that it lets anyone do.
Status value_from_json(std::string_view json, bool mark_strings, Value* out,
                       std::pmr::memory_resource* memory = std::pmr::get_default_resource());

bool is_known_role(std::string_view role);

}  // namespace minnow
