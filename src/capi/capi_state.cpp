// Keeping, branching, adapting and scoring sessions of the C interface.
#include <vector>

#include "capi/c_handles.hpp"
#include "runtime/lora_adapter.hpp"
#include "runtime/saved_chat.hpp"

using minnow::Status;
using minnow::capi::guarded;
using minnow::capi::in_changing_session;
using minnow::capi::require;

extern "C" {

minnow_status minnow_adapter_open(minnow_model* model, const char* path,
                                  minnow_adapter** out_adapter) {
  return guarded([&]() -> Status {
    MINNOW_TRY(require(model, "model"));
    MINNOW_TRY(require(path, "path"));
    MINNOW_TRY(require(out_adapter, "out_adapter"));
    auto handle = std::make_unique<minnow_adapter>();
    minnow::MappedFile file;
    MINNOW_TRY(minnow::MappedFile::open(path, file));
    MINNOW_TRY(minnow::Adapter::open(model->model, file, handle->adapter));
    *out_adapter = handle.release();
    return {};
  });
}

void minnow_adapter_free(minnow_adapter* adapter) {
  delete adapter;
}

minnow_status minnow_session_attach(minnow_session* session, minnow_adapter* adapter,
                                    double scale) {
  return in_changing_session(session, [&]() -> Status {
    MINNOW_TRY(require(adapter, "adapter"));
    return session->session().attach(adapter->adapter, static_cast<float>(scale));
  });
}

minnow_status minnow_session_score(minnow_session* session, const char* context,
                                   const char* const* continuations, size_t n_continuations,
                                   double* out_log_probabilities) {
  return in_changing_session(session, [&]() -> Status {
    if (n_continuations == 0) return {};
    MINNOW_TRY(require(continuations, "continuations"));
    MINNOW_TRY(require(out_log_probabilities, "out_log_probabilities"));
    std::vector<std::string_view> texts(n_continuations);
    for (size_t i = 0; i < n_continuations; ++i) {
      MINNOW_TRY(require(continuations[i], "continuations"));
      texts[i] = continuations[i];
    }
    return session->chat->score(context == nullptr ? "" : context, texts, out_log_probabilities);
  });
}

minnow_status minnow_session_set_deadline(minnow_session* session, double seconds) {
  return guarded([&]() -> Status {
    MINNOW_TRY(require(session, "session"));
    session->session().governor().set_deadline(seconds);
    return {};
  });
}

minnow_status minnow_session_save(minnow_session* session, const char* path) {
  return in_changing_session(session, [&]() -> Status {
    MINNOW_TRY(require(path, "path"));
    return minnow::save_chat(*session->chat, path);
  });
}

minnow_status minnow_session_restore(minnow_session* session, const char* path) {
  return in_changing_session(session, [&]() -> Status {
    MINNOW_TRY(require(path, "path"));
    return minnow::restore_chat(*session->chat, path);
  });
}

minnow_status minnow_session_fork(minnow_session* session, minnow_session** out_session) {
  return in_changing_session(session, [&]() -> Status {
    MINNOW_TRY(require(out_session, "out_session"));
    auto handle = std::make_unique<minnow_session>();
    MINNOW_TRY(session->chat->fork(handle->chat));
    *out_session = handle.release();
    return {};
  });
}

}  // extern "C"
