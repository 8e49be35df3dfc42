// The fingerprint of a GGUF file: which model or adapter it is, by content. All of the directory
// (metadata, vocabulary, names, shapes) and samples from each tensor's data, so a file of gigabytes
// costs milliseconds, and a fine-tuned copy of a model is another one.
#pragma once

#include "base/mapped_file.hpp"
#include "base/sha256.hpp"
#include "base/status.hpp"
#include "io/gguf.hpp"

namespace minnow {

Status fingerprint_file(const MappedFile& file, const Gguf& gguf, Sha256Digest& out);

}  // namespace minnow
