// Texts as vectors, and encoders in front of decoders, of the C interface.
#include "capi/c_handles.hpp"

using minnow::Embedding;
using minnow::Status;
using minnow::Token;
using minnow::capi::in_changing_session;
using minnow::capi::require;

extern "C" {

minnow_status minnow_session_embed(minnow_session* session, const minnow_token* tokens,
                                   size_t n_tokens, const float** out_values, size_t* out_n_rows,
                                   size_t* out_n_embd) {
  return in_changing_session(session, [&]() -> Status {
    if (n_tokens > 0) MINNOW_TRY(require(tokens, "tokens"));
    MINNOW_TRY(require(out_values, "out_values"));
    Embedding embedding;
    MINNOW_TRY(session->session().embed(std::span<const Token>(tokens, n_tokens), embedding));
    *out_values = embedding.values;
    if (out_n_rows != nullptr) *out_n_rows = static_cast<size_t>(embedding.n_rows);
    if (out_n_embd != nullptr) *out_n_embd = static_cast<size_t>(embedding.n_embd);
    return {};
  });
}

minnow_status minnow_session_encode(minnow_session* session, const minnow_token* tokens,
                                    size_t n_tokens) {
  return in_changing_session(session, [&]() -> Status {
    if (n_tokens > 0) MINNOW_TRY(require(tokens, "tokens"));
    return session->session().encode(std::span<const Token>(tokens, n_tokens));
  });
}

}  // extern "C"
