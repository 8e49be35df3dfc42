// Sessions of the C interface.
#include "capi/c_handles.hpp"
#include "capi/describe_json.hpp"

using minnow::Answer;
using minnow::Chat;
using minnow::Status;
using minnow::StatusCode;
using minnow::Token;
using minnow::capi::guarded;
using minnow::capi::in_changing_session;
using minnow::capi::in_session;
using minnow::capi::require;

namespace {

std::span<const Token> token_view(const minnow_token* tokens, size_t n_tokens) {
  return {tokens, n_tokens};
}

struct TextTarget {
  minnow_text_callback callback;
  void* user;
  static bool call(void* self, std::string_view text) {
    const auto* target = static_cast<const TextTarget*>(self);
    return target->callback(target->user, text.data(), text.size()) == MINNOW_CONTINUE;
  }
};

struct LogitsTarget {
  minnow_logits_callback callback;
  void* user;
  static bool call(void* self, std::size_t first, std::size_t n_rows, const float* logits) {
    const auto* target = static_cast<const LogitsTarget*>(self);
    return target->callback(target->user, first, n_rows, logits) == MINNOW_CONTINUE;
  }
};

void give_reason(const Answer& answer, minnow_reason* out_reason) {
  if (out_reason != nullptr) *out_reason = static_cast<minnow_reason>(answer.reason);
}

}  // namespace

extern "C" {

minnow_status minnow_session_create(minnow_model* model, const minnow_options* options,
                                    minnow_session** out_session) {
  return guarded([&]() -> Status {
    MINNOW_TRY(require(model, "model"));
    MINNOW_TRY(require(out_session, "out_session"));
    auto handle = std::make_unique<minnow_session>();
    MINNOW_TRY(Chat::create(model->model, minnow::capi::options_of(options), handle->chat));
    *out_session = handle.release();
    return {};
  });
}

void minnow_session_free(minnow_session* session) {
  delete session;
}

minnow_status minnow_session_prefill(minnow_session* session, const minnow_token* tokens,
                                     size_t n_tokens) {
  return in_changing_session(session, [&]() -> Status {
    if (n_tokens > 0) MINNOW_TRY(require(tokens, "tokens"));
    return session->session().prefill(token_view(tokens, n_tokens));
  });
}

minnow_status minnow_session_decode(minnow_session* session, minnow_token token) {
  return in_changing_session(session, [&] { return session->session().decode(token); });
}

minnow_status minnow_session_sample(minnow_session* session, minnow_token* out_token) {
  return in_changing_session(session, [&]() -> Status {
    MINNOW_TRY(require(out_token, "out_token"));
    return session->session().sample(*out_token);
  });
}

minnow_status minnow_session_logits(minnow_session* session, const float** out_logits) {
  return in_session(session, [&]() -> Status {
    MINNOW_TRY(require(out_logits, "out_logits"));
    std::span<const float> logits;
    MINNOW_TRY(session->session().logits(logits));
    *out_logits = logits.data();
    return {};
  });
}

minnow_status minnow_session_evaluate(minnow_session* session, const minnow_token* tokens,
                                      size_t n_tokens, minnow_logits_callback callback,
                                      void* user) {
  return in_changing_session(session, [&]() -> Status {
    if (n_tokens > 0) MINNOW_TRY(require(tokens, "tokens"));
    if (callback == nullptr)
      return minnow::error(StatusCode::kInvalidArgument, "argument 'callback' must not be NULL");
    LogitsTarget target{callback, user};
    return session->session().evaluate(token_view(tokens, n_tokens),
                                       {&LogitsTarget::call, &target});
  });
}

minnow_status minnow_session_position(minnow_session* session, int64_t* out_n_tokens,
                                      int64_t* out_n_ctx) {
  return in_session(session, [&]() -> Status {
    if (out_n_tokens != nullptr) *out_n_tokens = session->session().position();
    if (out_n_ctx != nullptr) *out_n_ctx = session->session().n_ctx();
    return {};
  });
}

minnow_status minnow_session_truncate(minnow_session* session, int64_t n_tokens) {
  return in_changing_session(session, [&]() -> Status {
    MINNOW_TRY(session->session().truncate(n_tokens));
    if (n_tokens == 0) session->chat->set_messages({});
    return {};
  });
}

minnow_status minnow_session_cancel(minnow_session* session) {
  return guarded([&]() -> Status {
    MINNOW_TRY(require(session, "session"));
    session->session().cancel();
    return {};
  });
}

minnow_status minnow_session_chat(minnow_session* session, const char* role, const char* text,
                                  minnow_text_callback callback, void* user,
                                  minnow_reason* out_reason) {
  return in_changing_session(session, [&]() -> Status {
    MINNOW_TRY(require(role, "role"));
    MINNOW_TRY(require(text, "text"));
    if (callback == nullptr) return session->chat->begin_say(role, text);
    TextTarget target{callback, user};
    Answer answer;
    answer.keeps_text = false;
    MINNOW_TRY(session->chat->say(role, text, {&TextTarget::call, &target}, answer));
    give_reason(answer, out_reason);
    return {};
  });
}

minnow_status minnow_session_messages(minnow_session* session, char** out_json) {
  return in_session(session, [&]() -> Status {
    MINNOW_TRY(require(out_json, "out_json"));
    return minnow::capi::give_text(minnow::capi::messages_json(session->chat->messages()), out_json,
                                   nullptr);
  });
}

minnow_status minnow_session_set_messages(minnow_session* session, const char* json,
                                          size_t n_bytes) {
  return in_changing_session(session, [&]() -> Status {
    MINNOW_TRY(require(json, "json"));
    std::vector<minnow::ChatMessage> messages;
    MINNOW_TRY(minnow::capi::read_messages(minnow::capi::text_view(json, n_bytes), messages));
    session->chat->set_messages(std::move(messages));
    return {};
  });
}

minnow_status minnow_session_complete(minnow_session* session, const char* text, size_t n_bytes,
                                      minnow_text_callback callback, void* user,
                                      minnow_reason* out_reason) {
  return in_changing_session(session, [&]() -> Status {
    MINNOW_TRY(require(text, "text"));
    const std::string_view prompt = minnow::capi::text_view(text, n_bytes);
    if (callback == nullptr) return session->chat->begin_complete(prompt);
    TextTarget target{callback, user};
    Answer answer;
    answer.keeps_text = false;
    MINNOW_TRY(session->chat->complete(prompt, {&TextTarget::call, &target}, answer));
    give_reason(answer, out_reason);
    return {};
  });
}

minnow_status minnow_session_infill(minnow_session* session, const char* prefix,
                                    size_t prefix_n_bytes, const char* suffix,
                                    size_t suffix_n_bytes, minnow_text_callback callback,
                                    void* user, minnow_reason* out_reason) {
  return in_changing_session(session, [&]() -> Status {
    MINNOW_TRY(require(prefix, "prefix"));
    MINNOW_TRY(require(suffix, "suffix"));
    const std::string_view before = minnow::capi::text_view(prefix, prefix_n_bytes);
    const std::string_view behind = minnow::capi::text_view(suffix, suffix_n_bytes);
    if (callback == nullptr) return session->chat->begin_infill(before, behind);
    TextTarget target{callback, user};
    Answer answer;
    answer.keeps_text = false;
    MINNOW_TRY(session->chat->infill(before, behind, {&TextTarget::call, &target}, answer));
    give_reason(answer, out_reason);
    return {};
  });
}

minnow_status minnow_session_next(minnow_session* session, const char** out_text,
                                  size_t* out_n_bytes, minnow_reason* out_reason) {
  return in_session(session, [&]() -> Status {
    MINNOW_TRY(require(out_text, "out_text"));
    MINNOW_TRY(require(out_n_bytes, "out_n_bytes"));
    std::string_view text;
    minnow::FinishReason reason{};
    MINNOW_TRY(session->chat->next(text, reason));
    *out_text = text.data();
    *out_n_bytes = text.size();
    if (text.empty() && out_reason != nullptr) *out_reason = static_cast<minnow_reason>(reason);
    return {};
  });
}

minnow_status minnow_session_stats(minnow_session* session, char** out_json) {
  return in_session(session, [&]() -> Status {
    MINNOW_TRY(require(out_json, "out_json"));
    return minnow::capi::give_text(
        minnow::capi::stats_json(session->chat->stats(), session->session()), out_json, nullptr);
  });
}

}  // extern "C"
