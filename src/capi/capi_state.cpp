// Keeping and branching sessions of the C interface.
#include "capi/c_handles.hpp"
#include "runtime/saved_chat.hpp"

using minnow::Status;
using minnow::capi::in_changing_session;
using minnow::capi::require;

extern "C" {

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
