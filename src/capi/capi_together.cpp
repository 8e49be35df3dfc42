// Calls that are inside several sessions at once.
#include <vector>

#include "capi/c_handles.hpp"

using minnow::Session;
using minnow::Status;
using minnow::StatusCode;
using minnow::capi::guarded;
using minnow::capi::require;

namespace {

// Holds sessions as long as a call is inside them.
class Occupied {
 public:
  ~Occupied() {
    for (minnow_session* session : sessions_) session->busy.store(false, std::memory_order_release);
  }
  Status add(minnow_session* session, std::size_t index) {
    if (session == nullptr)
      return minnow::error(StatusCode::kInvalidArgument, "session ", index, " must not be NULL");
    for (const minnow_session* other : sessions_)
      if (other == session)
        return minnow::error(StatusCode::kInvalidArgument, "session ", index,
                             " is in the list twice");
    sessions_.push_back(session);
    if (session->busy.exchange(true, std::memory_order_acquire)) {
      sessions_.pop_back();
      return minnow::error(StatusCode::kBusy, "another thread is inside session ", index);
    }
    session->session().clear_cancel();
    session->chat->settle();
    return {};
  }

 private:
  std::vector<minnow_session*> sessions_;
};

}  // namespace

extern "C" {

minnow_status minnow_sessions_decode(minnow_session* const* sessions, const minnow_token* tokens,
                                     size_t n_sessions) {
  return guarded([&]() -> Status {
    if (n_sessions == 0) return {};
    MINNOW_TRY(require(sessions, "sessions"));
    MINNOW_TRY(require(tokens, "tokens"));
    Occupied occupied;
    std::vector<Session*> inside;
    for (std::size_t i = 0; i < n_sessions; ++i) {
      MINNOW_TRY(occupied.add(sessions[i], i));
      inside.push_back(&sessions[i]->session());
    }
    return Session::decode_together(inside, {tokens, n_sessions});
  });
}

}  // extern "C"
