#include "capi/describe_json.hpp"

#include <map>

#include "base/cpu_features.hpp"
#include "capi/json_writer.hpp"
#include "kernels/api/resolver.hpp"
#include "kernels/formats/format.hpp"

namespace minnow::capi {

namespace {

void write_scalar(const Gguf& gguf, const GgufEntry& entry, JsonWriter& json) {
  std::int64_t integer = 0;
  float number = 0;
  bool flag = false;
  if (entry.value.type == GgufType::kString)
    json.value(entry.value.payload);
  else if (gguf.get_bool(entry.key, flag).ok())
    json.value(flag);
  else if (gguf.get_i64(entry.key, integer).ok())
    json.value(integer);
  else if (gguf.get_float(entry.key, number).ok())
    json.value(number);
  else
    json.null();
}

template <class Elements>
void write_first(const Elements& elements, JsonWriter& json) {
  constexpr std::size_t kShown = 5;
  for (std::size_t i = 0; i < std::min(kShown, elements.size()); ++i) json.value(elements[i]);
}

// Long arrays (vocabularies) are shown by their beginning.
void write_array(const Gguf& gguf, const GgufEntry& entry, JsonWriter& json) {
  json.begin_object()
      .member("type", gguf_type_name(entry.value.element_type))
      .member("n", entry.value.n_elements)
      .key("first")
      .begin_array();
  GgufIntegers integers;
  GgufFloats floats;
  std::pmr::vector<std::string_view> strings;
  if (gguf.get_integers(entry.key, integers).ok())
    write_first(integers, json);
  else if (gguf.get_floats(entry.key, floats).ok())
    write_first(floats, json);
  else if (gguf.get_strings(entry.key, strings).ok())
    write_first(strings, json);
  json.end_array().end_object();
}

std::string format_name(std::uint32_t ggml_type) {
  for (const FormatInfo& info : kFormats) {
    if (info.ggml_type == ggml_type) return info.name;
  }
  return join("type ", ggml_type);
}

void write_tensors(const Gguf& gguf, JsonWriter& json) {
  struct Count {
    std::int64_t n = 0;
    std::uint64_t n_bytes = 0;
  };
  std::map<std::string, Count> counts;
  json.key("tensors").begin_array();
  for (const GgufTensor& tensor : gguf.tensors()) {
    const std::string type = format_name(tensor.format);
    json.begin_object().member("name", tensor.name).member("type", type).key("shape").begin_array();
    // The slowest dimension first, as in numpy.
    for (std::uint32_t d = tensor.n_dims; d > 0; --d) json.value(tensor.dims[d - 1]);
    json.end_array().member("n_bytes", tensor.n_bytes).end_object();
    ++counts[type].n;
    counts[type].n_bytes += tensor.n_bytes;
  }
  json.end_array().key("types").begin_object();
  for (const auto& [name, count] : counts)
    json.key(name)
        .begin_object()
        .member("n", count.n)
        .member("n_bytes", count.n_bytes)
        .end_object();
  json.end_object();
}

void write_memory(const MemoryEstimate& memory, JsonWriter& json) {
  json.key("memory")
      .begin_object()
      .member("weights_bytes", memory.weights_bytes)
      .member("mapped_bytes", memory.mapped_bytes)
      .member("model_bytes", memory.model_bytes)
      .member("session_bytes", memory.session_bytes)
      .member("kv_bytes", memory.kv_bytes)
      .member("workspace_bytes", memory.session_bytes - memory.kv_bytes)
      .member("n_ctx", memory.n_ctx)
      .member("total_bytes", memory.model_bytes + memory.session_bytes)
      .member("peak_bytes", memory.peak_bytes)
      .end_object();
}

// Asked for, and confirmed or refused by the system.
void write_affinity(Runtime& runtime, JsonWriter& json) {
  const ThreadPool::Affinity affinity = runtime.pool().try_affinity();
  const char* const state = affinity.asked.empty()     ? "not asked for"
                            : affinity.n_refused > 0   ? "refused"
                            : affinity.n_confirmed > 0 ? "confirmed"
                                                       : "no threads of minnow's own";
  json.key("affinity")
      .begin_object()
      .member("asked", affinity.asked.text())
      .member("state", state)
      .member("n_confirmed", affinity.n_confirmed)
      .member("n_refused", affinity.n_refused)
      .end_object();
}

}  // namespace

std::string options_json() {
  JsonWriter json;
  json.begin_array();
  for (const OptionRow& row : describe_options()) {
    json.begin_object().member("name", row.name).member("type", row.type).member("for", row.scope);
    if (std::string_view(row.type) != "text") json.member("min", row.least).member("max", row.most);
    json.member("default", row.initial);
    if (*row.choices != '\0') json.member("choices", row.choices);
    json.member("meaning", row.meaning).end_object();
  }
  return json.end_array().take();
}

std::string runtime_json(Runtime& runtime) {
  const CpuFeatures features = detect_cpu_features();
  const CpuTopology topology = detect_cpu_topology();
  JsonWriter json;
  json.begin_object()
      .member("version", MINNOW_VERSION)
      .member("cpu", topology.brand)
      .key("features")
      .begin_array();
  const std::string names = cpu_mask_names(features.mask);
  for (std::size_t begin = 0; begin < names.size();) {
    const std::size_t end = std::min(names.find(' ', begin), names.size());
    json.value(std::string_view(names).substr(begin, end - begin));
    begin = end + 1;
  }
  json.end_array().key("tables").begin_array();
  const KernelTables all = kernel_tables();
  for (int i = 0; i < all.n_tables; ++i)
    json.begin_object()
        .member("name", all.tables[i]->name)
        .member("available", can_run(*all.tables[i], features.mask))
        .end_object();
  json.end_array()
      .member("table", runtime.table().name)
      .member("threads", runtime.pool().n_threads())
      .member("cpus_allowed", topology.n_cpus_allowed)
      .member("quota_cpus", topology.quota_cpus)
      .member("l1d_bytes", topology.l1d_bytes)
      .member("l2_bytes", topology.l2_bytes)
      .member("l3_bytes", topology.l3_bytes);
  const HostMemory& memory = runtime.memory();
  const bool has_budget = memory.budget_bytes() != HostMemory::kNoBudget;
  json.key("memory")
      .begin_object()
      .member("in_use_bytes", memory.in_use_bytes())
      .member("peak_bytes", memory.peak_bytes())
      .member("budget_bytes", has_budget ? memory.budget_bytes() : 0)
      .member("n_allocations", memory.n_allocations())
      .end_object();
  write_affinity(runtime, json);
  json.member("duty_cycle", runtime.duty_percent());
  json.member("cpu_seconds", runtime.pool().cpu_seconds());
  return json.end_object().take();
}

std::string limits_json(const MachineLimits& limits) {
  JsonWriter json;
  json.begin_object()
      .member("read_bytes_per_s", limits.read_bytes_per_s)
      .member("read_bytes_per_s_one", limits.read_bytes_per_s_one)
      .member("integer_mac_per_s", limits.integer_mac_per_s)
      .member("integer_mac_per_s_one", limits.integer_mac_per_s_one)
      .member("float_mac_per_s", limits.float_mac_per_s)
      .member("float_mac_per_s_one", limits.float_mac_per_s_one);
  return json.end_object().take();
}

std::string inspect_json(const Gguf& gguf, std::uint64_t file_bytes, const Status& estimated,
                         const MemoryEstimate& memory) {
  std::string_view architecture, name;
  (void)gguf.get_string("general.architecture", architecture).ok();
  (void)gguf.get_string("general.name", name).ok();
  JsonWriter json;
  json.begin_object()
      .member("architecture", architecture)
      .member("name", name)
      .member("version", gguf.version())
      .member("alignment", gguf.alignment())
      .member("n_bytes", file_bytes)
      .key("metadata")
      .begin_object();
  for (const GgufEntry& entry : gguf.entries()) {
    json.key(entry.key);
    if (entry.value.type == GgufType::kArray)
      write_array(gguf, entry, json);
    else
      write_scalar(gguf, entry, json);
  }
  json.end_object();
  write_tensors(gguf, json);
  if (estimated.ok())
    write_memory(memory, json);
  else
    json.member("problem", estimated.message());
  return json.end_object().take();
}

std::string stats_json(const GenerationStats& stats, const Session& session) {
  JsonWriter json;
  json.begin_object()
      .member("prompt_tokens", stats.prompt_tokens)
      .member("prompt_seconds", stats.prompt_seconds)
      .member("answer_tokens", stats.answer_tokens)
      .member("answer_seconds", stats.answer_seconds)
      .member("first_token_seconds", stats.first_token_seconds)
      .member("kv_type", session.options().kv_type)
      .member("position", session.position())
      .member("n_ctx", session.n_ctx())
      .member("kv_bytes", session.size().kv_bytes)
      .member("session_bytes", session.size().arena_bytes)
      .member("tokens_read", session.counts().n_tokens)
      .member("tokens_sampled", session.counts().n_sampled)
      .member("weight_bytes_read", session.counts().n_weight_bytes)
      .member("cpu_seconds", session.governor().cpu_seconds());
  return json.end_object().take();
}

}  // namespace minnow::capi
