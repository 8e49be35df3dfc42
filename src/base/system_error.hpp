// What the system refused, as a Status that names the file and says why.
#pragma once

#include <string_view>

#include "base/status.hpp"

namespace minnow {

// "cannot open 'x': permission denied"; `code` is errno. kNotFound when there is no such file.
Status system_error(std::string_view what, std::string_view name, int code);

}  // namespace minnow
