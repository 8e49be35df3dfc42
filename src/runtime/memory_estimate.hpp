// MemoryEstimate: what opening a file and a session with some options takes, from the header alone.
// The numbers come from the plans that open() and create() themselves use.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/status.hpp"
#include "io/gguf.hpp"
#include "runtime/options.hpp"
#include "runtime/runtime.hpp"

namespace minnow {

struct MemoryEstimate {
  std::size_t weights_bytes = 0;  // the arena of packed weights
  std::size_t mapped_bytes = 0;   // of the file, stays mapped: an untied token embedding
  std::size_t session_bytes = 0;  // cache and workspace of one session
  std::size_t kv_bytes = 0;       // of those, keys and values
  std::int64_t n_ctx = 0;
};

Status estimate_memory(const Gguf& gguf, const Options& options, Runtime& runtime,
                       MemoryEstimate& out);

}  // namespace minnow
