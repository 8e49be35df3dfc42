// Calls that are inside several sessions at once.
#include <utility>
#include <vector>

#include "capi/c_handles.hpp"

using minnow::Session;
using minnow::Status;
using minnow::StatusCode;
using minnow::capi::guarded;
using minnow::capi::require;
using minnow::capi::Stay;

extern "C" {

minnow_status minnow_sessions_decode(minnow_session* const* sessions, const minnow_token* tokens,
                                     size_t n_sessions) {
  return guarded([&]() -> Status {
    if (n_sessions == 0) return {};
    MINNOW_TRY(require(sessions, "sessions"));
    MINNOW_TRY(require(tokens, "tokens"));
    std::vector<Session*> inside(n_sessions);
    for (std::size_t i = 0; i < n_sessions; ++i) {
      if (sessions[i] == nullptr)
        return minnow::error(StatusCode::kInvalidArgument, "session ", i, " must not be NULL");
      inside[i] = &sessions[i]->session();
    }
    MINNOW_TRY(Session::check_different(inside));  // otherwise this call would be its own stranger
    std::vector<Stay> stays(n_sessions);
    for (std::size_t i = 0; i < n_sessions; ++i)
      MINNOW_TRY(stays[i].enter(sessions[i], n_sessions, "session ", i));
    for (std::size_t i = 0; i < n_sessions; ++i) sessions[i]->chat->settle();
    Status status = Session::decode_together(inside, {tokens, n_sessions});
    for (const Stay& stay : stays) status = stay.result_of(std::move(status));
    return status;
  });
}

}  // extern "C"
