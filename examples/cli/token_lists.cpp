#include "token_lists.hpp"

#include <limits>

#include "console.hpp"
#include "failure.hpp"

namespace minnow::program {

TokenList parse_token_list(const nlohmann::ordered_json& json, const std::string& where) {
  if (!json.is_array()) throw Failure(kExitFailed, where + ": a list of token ids is expected");
  TokenList tokens;
  tokens.reserve(json.size());
  for (const auto& id : json) {
    if (!id.is_number_integer() || id < std::numeric_limits<minnow_token>::min() ||
        id > std::numeric_limits<minnow_token>::max())
      throw Failure(kExitFailed, where + ": " + id.dump().substr(0, 40) + " is not a token id");
    tokens.push_back(id.get<minnow_token>());
  }
  return tokens;
}

std::vector<TokenList> read_token_lists(const std::string& path) {
  const auto json = nlohmann::ordered_json::parse(read_file(path), nullptr, false);
  if (!json.is_array() || json.empty())
    throw Failure(kExitFailed,
                  path + ": a JSON list of token ids, or a list of such lists, is expected");
  std::vector<TokenList> lists;
  if (!json[0].is_array()) {
    lists.push_back(parse_token_list(json, path));
    return lists;
  }
  for (std::size_t i = 0; i < json.size(); ++i) {
    const std::string where = path + ", list " + std::to_string(i);
    lists.push_back(parse_token_list(json[i], where));
    if (lists.back().empty()) throw Failure(kExitFailed, where + ": no tokens");
  }
  return lists;
}

}  // namespace minnow::program
