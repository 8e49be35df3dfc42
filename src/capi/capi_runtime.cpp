// The runtime of the C interface.
#include "capi/c_handles.hpp"
#include "capi/describe_json.hpp"

using minnow::Status;
using minnow::capi::guarded;
using minnow::capi::require;

extern "C" {

minnow_status minnow_runtime_create(const minnow_options* options, minnow_runtime** out_runtime) {
  return guarded([&]() -> Status {
    MINNOW_TRY(require(out_runtime, "out_runtime"));
    auto handle = std::make_unique<minnow_runtime>();
    MINNOW_TRY(minnow::Runtime::create(minnow::capi::options_of(options), handle->runtime));
    *out_runtime = handle.release();
    return {};
  });
}

void minnow_runtime_free(minnow_runtime* runtime) {
  delete runtime;
}

minnow_status minnow_runtime_describe(minnow_runtime* runtime, char** out_json) {
  return guarded([&]() -> Status {
    MINNOW_TRY(require(runtime, "runtime"));
    MINNOW_TRY(require(out_json, "out_json"));
    return minnow::capi::give_text(minnow::capi::runtime_json(*runtime->runtime), out_json,
                                   nullptr);
  });
}

minnow_status minnow_runtime_measure(minnow_runtime* runtime, char** out_json) {
  return guarded([&]() -> Status {
    MINNOW_TRY(require(runtime, "runtime"));
    MINNOW_TRY(require(out_json, "out_json"));
    minnow::MachineLimits limits;
    MINNOW_TRY(minnow::measure_limits(*runtime->runtime, limits));
    return minnow::capi::give_text(minnow::capi::limits_json(limits), out_json, nullptr);
  });
}

}  // extern "C"
