// Text and tokens of the C interface.
#include <algorithm>
#include <cstdlib>
#include <memory_resource>
#include <vector>

#include "capi/c_handles.hpp"
#include "runtime/render.hpp"
#include "tokenizer/tokenizer.hpp"

using minnow::Status;
using minnow::StatusCode;
using minnow::Token;
using minnow::Tokenizer;
using minnow::capi::guarded;
using minnow::capi::require;
using minnow::capi::text_view;

namespace {

Status check_token(const Tokenizer& tokenizer, minnow_token token) {
  if (token >= 0 && static_cast<std::size_t>(token) < tokenizer.n_vocab()) return {};
  return minnow::error(StatusCode::kInvalidArgument, "token ", token,
                       " is not in the vocabulary of ", tokenizer.n_vocab());
}

Status give_tokens(const std::pmr::vector<Token>& tokens, minnow_token** out_tokens,
                   size_t* out_n_tokens) {
  minnow_token* copy = nullptr;
  if (!tokens.empty()) {
    copy = static_cast<minnow_token*>(std::malloc(tokens.size() * sizeof(minnow_token)));
    if (copy == nullptr)
      return minnow::error(StatusCode::kOutOfMemory, "no memory for ", tokens.size(), " tokens");
    std::copy(tokens.begin(), tokens.end(), copy);
  }
  *out_tokens = copy;
  *out_n_tokens = tokens.size();
  return {};
}

}  // namespace

extern "C" {

minnow_status minnow_model_tokenize(const minnow_model* model, const char* text, size_t n_bytes,
                                    uint32_t flags, minnow_token** out_tokens,
                                    size_t* out_n_tokens) {
  return guarded([&]() -> Status {
    MINNOW_TRY(require(model, "model"));
    MINNOW_TRY(require(text, "text"));
    MINNOW_TRY(require(out_tokens, "out_tokens"));
    MINNOW_TRY(require(out_n_tokens, "out_n_tokens"));
    minnow::EncodeOptions options;
    options.add_special = (flags & MINNOW_ADD_SPECIAL) != 0;
    options.parse_special = (flags & MINNOW_PARSE_SPECIAL) != 0;
    std::pmr::vector<Token> tokens(&model->model->runtime().memory());
    MINNOW_TRY(model->model->tokenizer().encode(text_view(text, n_bytes), options, &tokens));
    return give_tokens(tokens, out_tokens, out_n_tokens);
  });
}

minnow_status minnow_model_detokenize(const minnow_model* model, const minnow_token* tokens,
                                      size_t n_tokens, uint32_t flags, char** out_text,
                                      size_t* out_n_bytes) {
  return guarded([&]() -> Status {
    MINNOW_TRY(require(model, "model"));
    MINNOW_TRY(require(n_tokens > 0 ? static_cast<const void*>(tokens) : model, "tokens"));
    MINNOW_TRY(require(out_text, "out_text"));
    const Tokenizer& tokenizer = model->model->tokenizer();
    for (size_t i = 0; i < n_tokens; ++i) MINNOW_TRY(check_token(tokenizer, tokens[i]));
    const std::string text =
        minnow::decode_text(tokenizer, {tokens, n_tokens}, (flags & MINNOW_PARSE_SPECIAL) != 0);
    return minnow::capi::give_text(text, out_text, out_n_bytes);
  });
}

minnow_status minnow_model_token_text(const minnow_model* model, minnow_token token,
                                      const char** out_text, size_t* out_n_bytes) {
  return guarded([&]() -> Status {
    MINNOW_TRY(require(model, "model"));
    MINNOW_TRY(require(out_text, "out_text"));
    MINNOW_TRY(require(out_n_bytes, "out_n_bytes"));
    const Tokenizer& tokenizer = model->model->tokenizer();
    MINNOW_TRY(check_token(tokenizer, token));
    const std::string_view text = tokenizer.piece_with_special(token);
    *out_text = text.data();
    *out_n_bytes = text.size();
    return {};
  });
}

minnow_status minnow_model_token_is_end(const minnow_model* model, minnow_token token,
                                        int* out_is_end) {
  return guarded([&]() -> Status {
    MINNOW_TRY(require(model, "model"));
    MINNOW_TRY(require(out_is_end, "out_is_end"));
    MINNOW_TRY(check_token(model->model->tokenizer(), token));
    *out_is_end = model->model->tokenizer().is_end(token) ? 1 : 0;
    return {};
  });
}

minnow_status minnow_model_apply_template(const minnow_model* model, const char* context,
                                          size_t n_bytes, const char* now, char** out_text,
                                          size_t* out_n_bytes) {
  return guarded([&]() -> Status {
    MINNOW_TRY(require(model, "model"));
    MINNOW_TRY(require(context, "context"));
    MINNOW_TRY(require(out_text, "out_text"));
    const std::string_view source = model->model->chat_template();
    if (source.empty())
      return minnow::error(StatusCode::kNotFound, "the model's file has no chat template");
    std::string text;
    MINNOW_TRY(minnow::render_json_context(source, text_view(context, n_bytes), now, text));
    return minnow::capi::give_text(text, out_text, out_n_bytes);
  });
}

minnow_status minnow_template_render(const char* source, size_t source_n_bytes, const char* context,
                                     size_t context_n_bytes, const char* now, char** out_text,
                                     size_t* out_n_bytes) {
  return guarded([&]() -> Status {
    MINNOW_TRY(require(source, "source"));
    MINNOW_TRY(require(context, "context"));
    MINNOW_TRY(require(out_text, "out_text"));
    std::string text;
    MINNOW_TRY(minnow::render_json_context(text_view(source, source_n_bytes),
                                           text_view(context, context_n_bytes), now, text));
    return minnow::capi::give_text(text, out_text, out_n_bytes);
  });
}

}  // extern "C"
