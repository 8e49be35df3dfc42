// From a GGUF directory to a tokenizer: reads the tokenizer.ggml.* keys.
#pragma once

#include <memory>
#include <memory_resource>

#include "base/status.hpp"
#include "io/gguf.hpp"

namespace minnow {

class Tokenizer;

// n_vocab: rows of the model's token embedding; the vocabulary may not be larger. kBadFile or
// kUnsupported names what is missing or not known.
Status build_tokenizer(const Gguf& gguf, std::int32_t n_vocab, std::pmr::memory_resource* memory,
                       std::unique_ptr<const Tokenizer>& out);

}  // namespace minnow
