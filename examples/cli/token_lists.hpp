// Lists of token ids in JSON files: one list, or a list of lists.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "minnow/minnow.h"

namespace minnow::program {

using TokenList = std::vector<minnow_token>;

// Failure names `where` and what is wrong. Ids are not compared with a vocabulary here.
TokenList parse_token_list(const nlohmann::ordered_json& json, const std::string& where);

// A file with one list or a list of lists; at least one, none of them empty.
std::vector<TokenList> read_token_lists(const std::string& path);

// What a decoder reads, and, for models with an encoder in front of it, the text it answers.
struct TokenItem {
  TokenList encoder;  // empty: there is none
  TokenList decoder;
};

// The same, or a list of {"encoder": ids, "decoder": ids}.
std::vector<TokenItem> read_token_items(const std::string& path);

}  // namespace minnow::program
