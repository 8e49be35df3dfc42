// Options of the C interface: setters by name, callbacks, description.
#include "capi/c_handles.hpp"
#include "capi/describe_json.hpp"

using minnow::Status;
using minnow::capi::guarded;
using minnow::capi::require;

namespace {

Status check(const minnow_options* options, const char* name) {
  MINNOW_TRY(require(options, "options"));
  return require(name, "name");
}

struct Progress {
  minnow_progress_callback callback;
  void* user;
  static bool forward(void* self, std::uint64_t done, std::uint64_t total) {
    const auto* progress = static_cast<const Progress*>(self);
    return progress->callback(progress->user, done, total) == MINNOW_CONTINUE;
  }
};

}  // namespace

extern "C" {

minnow_status minnow_options_create(minnow_options** out_options) {
  return guarded([&]() -> Status {
    MINNOW_TRY(require(out_options, "out_options"));
    *out_options = new minnow_options;
    return {};
  });
}

void minnow_options_free(minnow_options* options) {
  delete options;
}

minnow_status minnow_options_set_int(minnow_options* options, const char* name, int64_t value) {
  return guarded([&]() -> Status {
    MINNOW_TRY(check(options, name));
    return options->options.set_int(name, value);
  });
}

minnow_status minnow_options_set_float(minnow_options* options, const char* name, double value) {
  return guarded([&]() -> Status {
    MINNOW_TRY(check(options, name));
    return options->options.set_float(name, value);
  });
}

minnow_status minnow_options_set_text(minnow_options* options, const char* name, const char* text,
                                      size_t n_bytes) {
  return guarded([&]() -> Status {
    MINNOW_TRY(check(options, name));
    MINNOW_TRY(require(text, "text"));
    return options->options.set_text(name, minnow::capi::text_view(text, n_bytes));
  });
}

minnow_status minnow_options_describe(char** out_json) {
  return guarded([&]() -> Status {
    MINNOW_TRY(require(out_json, "out_json"));
    return minnow::capi::give_text(minnow::capi::options_json(), out_json, nullptr);
  });
}

minnow_status minnow_options_set_runtime(minnow_options* options, minnow_runtime* runtime) {
  return guarded([&]() -> Status {
    MINNOW_TRY(require(options, "options"));
    MINNOW_TRY(require(runtime, "runtime"));
    options->options.runtime = runtime->runtime;
    return {};
  });
}

minnow_status minnow_options_set_log(minnow_options* options, minnow_log_callback log, void* user) {
  return guarded([&]() -> Status {
    MINNOW_TRY(require(options, "options"));
    options->options.log = {log, user};
    return {};
  });
}

minnow_status minnow_options_set_progress(minnow_options* options,
                                          minnow_progress_callback progress, void* user) {
  return guarded([&]() -> Status {
    MINNOW_TRY(require(options, "options"));
    options->options.progress = {};
    if (progress == nullptr) return {};
    auto owner = std::make_shared<Progress>(Progress{progress, user});
    options->options.progress = {&Progress::forward, owner.get(), owner};
    return {};
  });
}

minnow_status minnow_options_set_allocator(minnow_options* options,
                                           const minnow_allocator* allocator) {
  return guarded([&]() -> Status {
    MINNOW_TRY(require(options, "options"));
    minnow::AllocatorHooks hooks;
    if (allocator != nullptr) hooks = {allocator->allocate, allocator->release, allocator->user};
    MINNOW_TRY(minnow::HostMemory::check(hooks));
    options->options.allocator = hooks;
    return {};
  });
}

minnow_status minnow_options_set_executor(minnow_options* options,
                                          const minnow_executor* executor) {
  return guarded([&]() -> Status {
    MINNOW_TRY(require(options, "options"));
    minnow::ExecutorHooks hooks;
    if (executor != nullptr) hooks = {executor->run, executor->n_threads, executor->user};
    options->options.executor = hooks;
    return {};
  });
}

}  // extern "C"
