// TemplateLimits: what one template may use. The defaults suit every real template by a factor of
// hundreds and end every bomb within a second and 64 MiB.
#pragma once

#include <cstddef>
#include <cstdint>

namespace minnow {

struct TemplateLimits {
  std::size_t max_source_bytes = std::size_t{1} << 19;
  std::uint32_t max_depth = 100;  // nesting of statements and expressions in the source
  std::uint64_t max_steps =
      10'000'000;  // instructions, items visited and blocks of 32 bytes copied
  std::size_t max_output_bytes = std::size_t{16} << 20;
  std::size_t max_string_bytes = std::size_t{16} << 20;
  std::size_t max_items = 500'000;  // of one list or dict, and of the marks in one string
  std::size_t max_memory_bytes = std::size_t{28} << 20;  // of all values alive, without the output
  std::uint32_t max_calls = 200;        // macros and recursive loops inside one another
  std::uint32_t max_value_depth = 160;  // lists in lists, when printed or compared
};

}  // namespace minnow
