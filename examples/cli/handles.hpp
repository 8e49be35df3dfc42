// Owners of what the C interface hands out.
#pragma once

#include <memory>

#include "minnow/minnow.h"

namespace minnow::program {

struct FreeHandle {
  void operator()(minnow_options* options) const { minnow_options_free(options); }
  void operator()(minnow_runtime* runtime) const { minnow_runtime_free(runtime); }
  void operator()(minnow_model* model) const { minnow_model_free(model); }
  void operator()(minnow_session* session) const { minnow_session_free(session); }
  void operator()(minnow_adapter* adapter) const { minnow_adapter_free(adapter); }
  void operator()(void* memory) const { minnow_free(memory); }
};

using OptionsHandle = std::unique_ptr<minnow_options, FreeHandle>;
using RuntimeHandle = std::unique_ptr<minnow_runtime, FreeHandle>;
using ModelHandle = std::unique_ptr<minnow_model, FreeHandle>;
using SessionHandle = std::unique_ptr<minnow_session, FreeHandle>;
using AdapterHandle = std::unique_ptr<minnow_adapter, FreeHandle>;
using OwnedText = std::unique_ptr<char, FreeHandle>;            // zero-terminated
using OwnedTokens = std::unique_ptr<minnow_token, FreeHandle>;  // NULL when there are none

}  // namespace minnow::program
