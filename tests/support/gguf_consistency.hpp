// What must hold of every directory that Gguf::read() accepts, however the file was made: each view
// lies inside the file, every accessor answers, and no tensor leaves the file or overlaps another.
// Shared by the sweeps and the fuzzer.
#pragma once

#include <string>

#include "io/gguf.hpp"

namespace minnow::testing_support {

// "" when all holds, else what does not. Touches every byte that the directory points to.
std::string inconsistency_of(const Gguf& gguf, const MappedFile& file);

}  // namespace minnow::testing_support
