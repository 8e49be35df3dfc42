// Special tokens of a vocabulary: which ids the file names, which ones the model kind assumes, and
// which tokens end a generation.
#pragma once

#include <string>

#include "tokenizer/tokenizer_parts.hpp"

namespace minnow {

// Fills parts->special from the file's ids and the model's defaults. Each id outside the vocabulary
// adds a line to *problems that names its key.
void resolve_special_ids(const SpecialIds& ids, TokenizerParts* parts, std::string* problems);

// Recognises tokens by their texts where the file has no key for them, and fills parts->end_tokens.
// Needs parts->special_texts.
void find_well_known_tokens(TokenizerParts* parts);

}  // namespace minnow
