// MemoryEstimate: what opening a file and a session with some options takes, before it is taken. It
// is found by opening them in a runtime of its own that reads no weights and counts what it is
// asked for, so the code that estimates is the code that allocates. Untouched pages cost nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/status.hpp"
#include "runtime/options.hpp"
#include "runtime/runtime.hpp"

namespace minnow {

// All but mapped_bytes is what the memory budget counts, to the byte.
struct MemoryEstimate {
  std::size_t weights_bytes = 0;  // the arena of packed weights
  std::size_t mapped_bytes = 0;   // of the file, stays mapped: an untied token embedding
  std::size_t model_bytes = 0;    // weights, vocabulary and directory
  std::size_t session_bytes = 0;  // cache, workspace and sampler of one session
  std::size_t kv_bytes = 0;       // of those, keys and values
  std::size_t peak_bytes = 0;     // the most in use at any time, while opening too
  std::int64_t n_ctx = 0;
};

// For the runtime's kernel table and number of threads. Statuses: those of opening the file.
Status estimate_memory(std::string_view path, const Options& options, Runtime& runtime,
                       MemoryEstimate& out);

}  // namespace minnow
