// Reading a file's merges into the table of id pairs.
#pragma once

#include <span>
#include <string_view>

#include "tokenizer/merge_table.hpp"
#include "tokenizer/vocabulary.hpp"

namespace minnow {

// Turns each "left right" into ids; its rank is its place in the list. A merge whose parts or
// result are no tokens can never lead to one and is left out.
void read_merges(std::span<const std::string_view> merges, const Vocabulary& vocabulary,
                 PieceForm form, MergeTable* out);

}  // namespace minnow
