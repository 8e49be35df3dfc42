// Fuzz target of the GGUF reader: any bytes give a Status or a consistent directory.
#include <cstddef>
#include <cstdint>

#include "base/memory.hpp"
#include "io/gguf.hpp"
#include "support/gguf_consistency.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t n_bytes) {
  minnow::MappedFile file;
  const std::span bytes(reinterpret_cast<const std::byte*>(data), n_bytes);
  if (!minnow::MappedFile::open_memory(bytes, "fuzz", file).ok()) return 0;
  // Twice the file and 16 MiB is what a bad file may cost; beyond it std::bad_alloc ends the run.
  minnow::HostMemory memory({}, 2 * n_bytes + (16u << 20));
  minnow::Gguf gguf(&memory);
  if (gguf.read(file).ok() && !minnow::testing_support::inconsistency_of(gguf, file).empty())
    __builtin_trap();
  return 0;
}
