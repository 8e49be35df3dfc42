// Text from files and users inside messages: quoted, cut and made printable, so that a hostile name
// can neither flood a log nor hide in it. And the UTF-8 check that this stands on.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace minnow {

// The bytes of the well-formed UTF-8 character at the start of `text`; 0 when there is none (empty,
// malformed, overlong, a surrogate, above U+10FFFF or cut off).
std::size_t utf8_character_bytes(std::string_view text);

bool is_utf8(std::string_view text);

// 'text' in quotes; control characters and malformed bytes as \xNN; cut with "…" after n_most
// bytes.
std::string in_quotes(std::string_view text, std::size_t n_most = 100);

// The same for a file's path, whose last part tells most.
inline std::string path_in_quotes(std::string_view path) {
  return in_quotes(path, 1000);
}

}  // namespace minnow
