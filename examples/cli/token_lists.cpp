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

namespace {

nlohmann::ordered_json read_json_list(const std::string& path) {
  auto json = nlohmann::ordered_json::parse(read_file(path), nullptr, false);
  if (!json.is_array() || json.empty())
    throw Failure(kExitFailed,
                  path + ": a JSON list of token ids, or a list of such lists, is expected");
  return json;
}

std::vector<TokenList> lists_of(const nlohmann::ordered_json& json, const std::string& path) {
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

TokenList member_list(const nlohmann::ordered_json& item, const char* member,
                      const std::string& where) {
  if (!item.is_object() || !item.contains(member))
    throw Failure(kExitFailed, where + ": {\"encoder\": ids, \"decoder\": ids} is expected");
  TokenList list = parse_token_list(item[member], where);
  if (list.empty()) throw Failure(kExitFailed, where + ": no tokens");
  return list;
}

}  // namespace

std::vector<TokenList> read_token_lists(const std::string& path) {
  return lists_of(read_json_list(path), path);
}

std::vector<TokenItem> read_token_items(const std::string& path) {
  const nlohmann::ordered_json json = read_json_list(path);
  std::vector<TokenItem> items;
  if (!json[0].is_object()) {
    for (TokenList& list : lists_of(json, path)) items.push_back({{}, std::move(list)});
    return items;
  }
  for (std::size_t i = 0; i < json.size(); ++i) {
    const std::string where = path + ", item " + std::to_string(i);
    items.push_back(
        {member_list(json[i], "encoder", where), member_list(json[i], "decoder", where)});
  }
  return items;
}

}  // namespace minnow::program
