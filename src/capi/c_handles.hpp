// What is behind the opaque handles. Children hold shared pointers to their parents, so handles may
// be freed in any order.
#pragma once

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>

#include "capi/guard.hpp"
#include "runtime/chat.hpp"
#include "runtime/model.hpp"
#include "runtime/options.hpp"
#include "runtime/runtime.hpp"
#include "runtime/session.hpp"

struct minnow_options {
  minnow::Options options;
};

struct minnow_runtime {
  std::shared_ptr<minnow::Runtime> runtime;
};

struct minnow_model {
  std::shared_ptr<minnow::Model> model;
};

struct minnow_adapter {
  std::shared_ptr<const minnow::Adapter> adapter;
};

struct minnow_session {
  std::unique_ptr<minnow::Chat> chat;
  std::atomic<bool> busy{false};

  minnow::Session& session() { return chat->session(); }
};

namespace minnow::capi {

// The options behind a handle; all defaults for NULL.
inline Options options_of(const minnow_options* options) {
  return options != nullptr ? options->options : Options{};
}

// The stay of one call inside a session: no other thread comes in, a cancel() from before has no
// effect, and the session's deadline and CPU time are kept.
class Stay {
 public:
  Stay() = default;
  ~Stay() {
    if (session_ == nullptr) return;
    session_->session().governor().end_call(n_together_);
    session_->busy.store(false, std::memory_order_release);
  }
  Stay(const Stay&) = delete;
  Stay& operator=(const Stay&) = delete;

  // n_together: how many sessions the call is inside. name: what an error calls the session.
  template <class... Name>
  Status enter(minnow_session* session, std::size_t n_together, Name... name) {
    if (session->busy.exchange(true, std::memory_order_acquire))
      return error(StatusCode::kBusy, "another thread is inside ", name...);
    session_ = session;
    n_together_ = n_together;
    session->session().clear_cancel();
    session->session().governor().begin_call();
    return {};
  }

  // What the call returns when its body returned this.
  Status result_of(Status status) const {
    if (status.code() == StatusCode::kCancelled && session_->session().governor().has_timed_out())
      return error(StatusCode::kTimedOut, "the session's deadline passed: ", status.message());
    return status;
  }

 private:
  minnow_session* session_ = nullptr;
  std::size_t n_together_ = 1;
};

// Runs the body inside a session.
template <class Body>
minnow_status in_session(minnow_session* session, Body&& body) noexcept {
  return guarded([&]() -> Status {
    MINNOW_TRY(require(session, "session"));
    Stay stay;
    MINNOW_TRY(stay.enter(session, 1, "this session"));
    return stay.result_of(body());
  });
}

// The same for calls that change what the session has read: an answer that is being pulled ends
// before.
template <class Body>
minnow_status in_changing_session(minnow_session* session, Body&& body) noexcept {
  return in_session(session, [&]() -> Status {
    session->chat->settle();
    return body();
  });
}

inline std::string_view text_view(const char* text, std::size_t n_bytes) {
  return {text, n_bytes == MINNOW_ZERO_TERMINATED ? std::strlen(text) : n_bytes};
}

// A zero-terminated copy for the caller to free with minnow_free().
inline Status give_text(std::string_view text, char** out_text, std::size_t* out_n_bytes) {
  auto* copy = static_cast<char*>(std::malloc(text.size() + 1));
  if (copy == nullptr)
    return error(StatusCode::kOutOfMemory, "no memory for a text of ", text.size(), " bytes");
  if (!text.empty()) std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  *out_text = copy;
  if (out_n_bytes != nullptr) *out_n_bytes = text.size();
  return {};
}

}  // namespace minnow::capi
