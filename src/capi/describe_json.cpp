#include "capi/describe_json.hpp"

#include <map>
#include <nlohmann/json.hpp>

#include "base/cpu_features.hpp"
#include "kernels/api/resolver.hpp"
#include "kernels/formats/format.hpp"

namespace minnow::capi {

namespace {

using Json = nlohmann::ordered_json;

// Files may hold anything; what is not UTF-8 becomes U+FFFD.
std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json scalar_json(const Gguf& gguf, const GgufEntry& entry) {
  std::int64_t integer = 0;
  float number = 0;
  bool flag = false;
  if (entry.value.type == GgufType::kString) return std::string(entry.value.payload);
  if (gguf.get_bool(entry.key, flag).ok()) return flag;
  if (gguf.get_i64(entry.key, integer).ok()) return integer;
  if (gguf.get_float(entry.key, number).ok()) return number;
  return nullptr;
}

// Long arrays (vocabularies) are shown by their beginning.
Json array_json(const Gguf& gguf, const GgufEntry& entry) {
  constexpr std::size_t kShown = 5;
  Json first = Json::array();
  GgufIntegers integers;
  GgufFloats floats;
  std::pmr::vector<std::string_view> strings;
  if (gguf.get_integers(entry.key, integers).ok()) {
    for (std::size_t i = 0; i < std::min(kShown, integers.size()); ++i)
      first.push_back(integers[i]);
  } else if (gguf.get_floats(entry.key, floats).ok()) {
    for (std::size_t i = 0; i < std::min(kShown, floats.size()); ++i) first.push_back(floats[i]);
  } else if (gguf.get_strings(entry.key, strings).ok()) {
    for (std::size_t i = 0; i < std::min(kShown, strings.size()); ++i)
      first.push_back(std::string(strings[i]));
  }
  return {{"type", std::string(gguf_type_name(entry.value.element_type))},
          {"n", entry.value.n_elements},
          {"first", first}};
}

std::string format_name(std::uint32_t ggml_type) {
  for (const FormatInfo& info : kFormats) {
    if (info.ggml_type == ggml_type) return info.name;
  }
  return join("type ", ggml_type);
}

Json tensors_json(const Gguf& gguf, Json& types) {
  struct Count {
    std::int64_t n = 0;
    std::uint64_t n_bytes = 0;
  };
  std::map<std::string, Count> counts;
  Json tensors = Json::array();
  for (const GgufTensor& tensor : gguf.tensors()) {
    const std::string name = format_name(tensor.format);
    Json shape = Json::array();  // slowest dimension first, as in numpy
    for (std::uint32_t d = tensor.n_dims; d > 0; --d) shape.push_back(tensor.dims[d - 1]);
    tensors.push_back({{"name", std::string(tensor.name)},
                       {"type", name},
                       {"shape", shape},
                       {"n_bytes", tensor.n_bytes}});
    ++counts[name].n;
    counts[name].n_bytes += tensor.n_bytes;
  }
  for (const auto& [name, count] : counts)
    types[name] = {{"n", count.n}, {"n_bytes", count.n_bytes}};
  return tensors;
}

}  // namespace

std::string options_json() {
  Json list = Json::array();
  for (const OptionRow& row : describe_options()) {
    Json option = {{"name", row.name}, {"type", row.type}, {"for", row.scope}};
    if (std::string_view(row.type) != "text") {
      option["min"] = row.least;
      option["max"] = row.most;
    }
    option["default"] = row.initial;
    if (*row.choices != '\0') option["choices"] = row.choices;
    option["meaning"] = row.meaning;
    list.push_back(std::move(option));
  }
  return dump(list);
}

std::string runtime_json(Runtime& runtime) {
  const CpuFeatures features = detect_cpu_features();
  const CpuTopology topology = detect_cpu_topology();
  Json tables = Json::array();
  const KernelTables all = kernel_tables();
  for (int i = 0; i < all.n_tables; ++i)
    tables.push_back(
        {{"name", all.tables[i]->name}, {"available", can_run(*all.tables[i], features.mask)}});
  const std::string names = cpu_mask_names(features.mask);
  Json feature_list = Json::array();
  for (std::size_t begin = 0; begin < names.size();) {
    const std::size_t end = std::min(names.find(' ', begin), names.size());
    feature_list.push_back(names.substr(begin, end - begin));
    begin = end + 1;
  }
  return dump({{"version", MINNOW_VERSION},
               {"cpu", topology.brand},
               {"features", feature_list},
               {"tables", tables},
               {"table", runtime.table().name},
               {"threads", runtime.pool().n_threads()},
               {"cpus_allowed", topology.n_cpus_allowed},
               {"quota_cpus", topology.quota_cpus},
               {"l1d_bytes", topology.l1d_bytes},
               {"l2_bytes", topology.l2_bytes},
               {"l3_bytes", topology.l3_bytes}});
}

std::string limits_json(const MachineLimits& limits) {
  return dump({{"read_bytes_per_s", limits.read_bytes_per_s},
               {"read_bytes_per_s_one", limits.read_bytes_per_s_one},
               {"integer_mac_per_s", limits.integer_mac_per_s},
               {"integer_mac_per_s_one", limits.integer_mac_per_s_one},
               {"float_mac_per_s", limits.float_mac_per_s},
               {"float_mac_per_s_one", limits.float_mac_per_s_one}});
}

std::string inspect_json(const Gguf& gguf, std::uint64_t file_bytes, const Status& estimated,
                         const MemoryEstimate& memory) {
  std::string_view architecture, name;
  (void)gguf.get_string("general.architecture", architecture).ok();
  (void)gguf.get_string("general.name", name).ok();
  Json metadata = Json::object();
  for (const GgufEntry& entry : gguf.entries())
    metadata[std::string(entry.key)] =
        entry.value.type == GgufType::kArray ? array_json(gguf, entry) : scalar_json(gguf, entry);
  Json types = Json::object();
  Json tensors = tensors_json(gguf, types);
  Json result = {{"architecture", std::string(architecture)},
                 {"name", std::string(name)},
                 {"version", gguf.version()},
                 {"alignment", gguf.alignment()},
                 {"n_bytes", file_bytes},
                 {"metadata", std::move(metadata)},
                 {"tensors", std::move(tensors)},
                 {"types", std::move(types)}};
  if (!estimated.ok()) {
    result["problem"] = estimated.message();
    return dump(result);
  }
  result["memory"] = {
      {"weights_bytes", memory.weights_bytes},
      {"mapped_bytes", memory.mapped_bytes},
      {"session_bytes", memory.session_bytes},
      {"kv_bytes", memory.kv_bytes},
      {"n_ctx", memory.n_ctx},
      {"total_bytes", memory.weights_bytes + memory.mapped_bytes + memory.session_bytes}};
  return dump(result);
}

std::string messages_json(const std::vector<ChatMessage>& messages) {
  Json list = Json::array();
  for (const ChatMessage& message : messages)
    list.push_back({{"role", message.role}, {"content", message.content}});
  return dump(list);
}

Status read_messages(std::string_view json, std::vector<ChatMessage>& out) {
  // Depth 3 is all that a list of messages has; deeper text is refused before it is built.
  const auto shallow = [](int depth, Json::parse_event_t, Json&) { return depth <= 3; };
  const Json list = Json::parse(json.begin(), json.end(), shallow, false);
  if (!list.is_array())
    return error(StatusCode::kInvalidArgument, "the messages are not a JSON array");
  std::vector<ChatMessage> messages;
  for (const Json& item : list) {
    const std::size_t n = messages.size();
    if (!item.is_object() || !item.contains("role") || !item["role"].is_string() ||
        !item.contains("content") || !item["content"].is_string())
      return error(StatusCode::kInvalidArgument, "message ", n,
                   " is not an object with the texts \"role\" and \"content\"");
    const auto role = item["role"].get<std::string>();
    if (role != "system" && role != "user" && role != "assistant" && role != "tool")
      return error(StatusCode::kInvalidArgument, "message ", n, " has the role '",
                   role.substr(0, 64), "', which is not system, user, assistant or tool");
    messages.push_back({role, item["content"].get<std::string>()});
  }
  out = std::move(messages);
  return {};
}

std::string stats_json(const GenerationStats& stats, const Session& session) {
  return dump({{"prompt_tokens", stats.prompt_tokens},
               {"prompt_seconds", stats.prompt_seconds},
               {"answer_tokens", stats.answer_tokens},
               {"answer_seconds", stats.answer_seconds},
               {"first_token_seconds", stats.first_token_seconds},
               {"position", session.position()},
               {"n_ctx", session.n_ctx()},
               {"kv_bytes", session.size().kv_bytes},
               {"session_bytes", session.size().arena_bytes}});
}

}  // namespace minnow::capi
