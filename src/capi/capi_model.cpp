// Models of the C interface: opening, inspecting, asking.
#include <array>
#include <utility>

#include "capi/c_handles.hpp"
#include "capi/describe_json.hpp"
#include "tokenizer/tokenizer.hpp"

using minnow::MappedFile;
using minnow::Model;
using minnow::Status;
using minnow::StatusCode;
using minnow::capi::guarded;
using minnow::capi::require;

namespace {

Status open_model(MappedFile file, const minnow_options* options, minnow_model** out_model) {
  auto handle = std::make_unique<minnow_model>();
  MINNOW_TRY(Model::open(std::move(file), minnow::capi::options_of(options), handle->model));
  *out_model = handle.release();
  return {};
}

struct Number {
  const char* name;
  std::int64_t (*get)(const Model& model);
};

constexpr Number kNumbers[] = {
    {"n_vocab", [](const Model& m) -> std::int64_t { return m.config().n_vocab; }},
    {"n_embd", [](const Model& m) -> std::int64_t { return m.config().n_embd; }},
    {"n_layer", [](const Model& m) -> std::int64_t { return m.config().n_layers; }},
    {"n_head", [](const Model& m) -> std::int64_t { return m.config().n_heads; }},
    {"n_head_kv", [](const Model& m) -> std::int64_t { return m.config().n_kv_heads; }},
    {"head_dim", [](const Model& m) -> std::int64_t { return m.config().head_dim; }},
    {"value_dim", [](const Model& m) -> std::int64_t { return m.config().value_dim; }},
    {"window", [](const Model& m) -> std::int64_t { return m.config().window; }},
    {"n_layer_window",
     [](const Model& m) -> std::int64_t {
       std::int64_t n = 0;
       for (std::int32_t i = 0; i < m.config().n_layers; ++i) n += m.config().has_window(i) ? 1 : 0;
       return n;
     }},
    {"n_ctx_train", [](const Model& m) -> std::int64_t { return m.config().n_ctx_train; }},
    {"n_parameters", [](const Model& m) -> std::int64_t { return m.n_parameters(); }},
    {"bos", [](const Model& m) -> std::int64_t { return m.tokenizer().special().bos; }},
    {"eos", [](const Model& m) -> std::int64_t { return m.tokenizer().special().eos; }},
    {"sep", [](const Model& m) -> std::int64_t { return m.tokenizer().special().sep; }},
    {"adds_sep",
     [](const Model& m) -> std::int64_t {
       bool adds = false;
       return m.gguf().get_bool("tokenizer.ggml.add_sep_token", adds).ok() && adds ? 1 : 0;
     }},
    {"decoder_start",
     [](const Model& m) -> std::int64_t {
       return m.config().n_encoder_layers > 0 ? m.config().decoder_start : minnow::kNoToken;
     }},
    {"has_template",
     [](const Model& m) -> std::int64_t { return m.chat_template().empty() ? 0 : 1; }},
    {"weights_bytes",
     [](const Model& m) -> std::int64_t { return static_cast<std::int64_t>(m.weights_bytes()); }},
    {"is_cached", [](const Model& m) -> std::int64_t { return m.is_cached() ? 1 : 0; }},
    {"bytes_per_token", [](const Model& m) -> std::int64_t { return m.bytes_per_token(); }},
    {"macs_per_token", [](const Model& m) -> std::int64_t { return m.macs_per_token(true); }},
    {"macs_per_prompt_token",
     [](const Model& m) -> std::int64_t { return m.macs_per_token(false); }},
};

}  // namespace

extern "C" {

minnow_status minnow_model_open(const char* path, const minnow_options* options,
                                minnow_model** out_model) {
  return guarded([&]() -> Status {
    MINNOW_TRY(require(path, "path"));
    MINNOW_TRY(require(out_model, "out_model"));
    MappedFile file;
    MINNOW_TRY(MappedFile::open(path, file));
    return open_model(std::move(file), options, out_model);
  });
}

minnow_status minnow_model_open_descriptor(int descriptor, uint64_t offset, uint64_t n_bytes,
                                           const minnow_options* options,
                                           minnow_model** out_model) {
  return guarded([&]() -> Status {
    MINNOW_TRY(require(out_model, "out_model"));
    MappedFile file;
    MINNOW_TRY(
        MappedFile::open_descriptor(descriptor, offset, n_bytes, "the descriptor's file", file));
    return open_model(std::move(file), options, out_model);
  });
}

minnow_status minnow_model_open_memory(const void* data, size_t n_bytes,
                                       const minnow_options* options, minnow_model** out_model) {
  return guarded([&]() -> Status {
    MINNOW_TRY(require(data, "data"));
    MINNOW_TRY(require(out_model, "out_model"));
    MappedFile file;
    MINNOW_TRY(MappedFile::open_memory({static_cast<const std::byte*>(data), n_bytes},
                                       "the caller's memory", file));
    return open_model(std::move(file), options, out_model);
  });
}

void minnow_model_free(minnow_model* model) {
  delete model;
}

minnow_status minnow_model_inspect(const char* path, const minnow_options* options,
                                   char** out_json) {
  return guarded([&]() -> Status {
    MINNOW_TRY(require(path, "path"));
    MINNOW_TRY(require(out_json, "out_json"));
    const minnow::Options values = minnow::capi::options_of(options);
    std::shared_ptr<minnow::Runtime> runtime = values.runtime;
    if (!runtime) MINNOW_TRY(minnow::Runtime::create(values, runtime));
    MappedFile file;
    MINNOW_TRY(MappedFile::open(path, file));
    minnow::Gguf gguf(&runtime->memory());
    MINNOW_TRY(gguf.read(file));
    // A file that minnow cannot run can still be looked into: it has no estimate then.
    minnow::MemoryEstimate memory;
    const Status estimated = minnow::estimate_memory(path, values, *runtime, memory);
    if (estimated.code() == StatusCode::kOutOfMemory) return estimated;
    return minnow::capi::give_text(
        minnow::capi::inspect_json(gguf, file.n_bytes(), estimated, memory), out_json, nullptr);
  });
}

minnow_status minnow_model_get_int(const minnow_model* model, const char* name,
                                   int64_t* out_value) {
  return guarded([&]() -> Status {
    MINNOW_TRY(require(model, "model"));
    MINNOW_TRY(require(name, "name"));
    MINNOW_TRY(require(out_value, "out_value"));
    for (const Number& number : kNumbers) {
      if (std::string_view(name) != number.name) continue;
      *out_value = number.get(*model->model);
      return {};
    }
    return minnow::error(StatusCode::kNotFound, "a model has no number '", name, "'");
  });
}

}  // extern "C"
