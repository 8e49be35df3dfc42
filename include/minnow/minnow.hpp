// minnow for C++17: RAII and exceptions over minnow.h, header-only. Adds no feature; every call
// does what the C function of its name does (see there for shapes, costs and threads).
#ifndef MINNOW_MINNOW_HPP
#define MINNOW_MINNOW_HPP

#include <cstdint>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "minnow/minnow.h"

// The inline namespace keeps these names apart from the library's own in a static link.
namespace minnow {
inline namespace api {

using Token = minnow_token;

// What every failed call throws: the status and the library's message.
class Error : public std::runtime_error {
 public:
  Error(minnow_status status, const char* message) : std::runtime_error(message), status_(status) {}
  minnow_status status() const noexcept { return status_; }

 private:
  minnow_status status_;
};

inline void check(minnow_status status) {
  if (status != MINNOW_OK) throw Error(status, minnow_last_error());
}

namespace detail {

struct Free {
  void operator()(void* memory) const noexcept { minnow_free(memory); }
  void operator()(minnow_options* options) const noexcept { minnow_options_free(options); }
  void operator()(minnow_runtime* runtime) const noexcept { minnow_runtime_free(runtime); }
  void operator()(minnow_model* model) const noexcept { minnow_model_free(model); }
  void operator()(minnow_session* session) const noexcept { minnow_session_free(session); }
  void operator()(minnow_adapter* adapter) const noexcept { minnow_adapter_free(adapter); }
};

template <class T>
using Owned = std::unique_ptr<T, Free>;

// C functions want a pointer even for no bytes; an empty view may have none.
inline const char* bytes(std::string_view text) {
  return text.empty() ? "" : text.data();
}

inline std::string take(char* text) {
  const Owned<char> owner(text);
  return owner.get();
}

inline std::string take(char* text, std::size_t n_bytes) {
  const Owned<char> owner(text);
  return std::string(owner.get(), n_bytes);
}

}  // namespace detail

namespace detail {

// A number of a flat JSON object that the library wrote.
inline std::int64_t number(const std::string& json, const char* name) {
  const std::string key = std::string("\"") + name + "\":";
  const std::size_t at = json.find(key);
  std::int64_t value = 0;
  if (at == std::string::npos) return value;
  for (std::size_t i = at + key.size(); i < json.size() && json[i] >= '0' && json[i] <= '9'; ++i)
    value = value * 10 + (json[i] - '0');
  return value;
}

}  // namespace detail

// Named values; set() returns the object, so that calls can be chained.
class Options {
 public:
  Options() {
    minnow_options* options = nullptr;
    check(minnow_options_create(&options));
    handle_.reset(options);
  }

  template <class Number, std::enable_if_t<std::is_integral_v<Number>, int> = 0>
  Options& set(const char* name, Number value) & {
    check(minnow_options_set_int(handle_.get(), name, static_cast<std::int64_t>(value)));
    return *this;
  }
  Options& set(const char* name, double value) & {
    check(minnow_options_set_float(handle_.get(), name, value));
    return *this;
  }
  Options& set(const char* name, std::string_view text) & {
    check(minnow_options_set_text(handle_.get(), name, detail::bytes(text), text.size()));
    return *this;
  }
  Options& set(const char* name, const char* text) & { return set(name, std::string_view(text)); }
  template <class Value>
  Options&& set(const char* name, const Value& value) && {
    set(name, value);  // *this has a name here: one of the above
    return std::move(*this);
  }

  const minnow_options* get() const noexcept { return handle_.get(); }
  minnow_options* get() noexcept { return handle_.get(); }

 private:
  detail::Owned<minnow_options> handle_;
};

// Texts as numbers, a row a text (or a token, where nothing is pooled).
struct Embedding {
  std::vector<float> values;  // [n_rows, n_embd]
  std::size_t n_rows = 0;
  std::size_t n_embd = 0;
  const float* operator[](std::size_t row) const { return values.data() + row * n_embd; }
};

// A LoRA, opened for one model.
class Adapter {
 public:
  explicit Adapter(minnow_adapter* handle) : handle_(handle) {}
  minnow_adapter* get() const noexcept { return handle_.get(); }

 private:
  detail::Owned<minnow_adapter> handle_;
};

// One conversation. One thread at a time, but for cancel() and set_deadline().
class Session {
 public:
  explicit Session(minnow_session* handle) : handle_(handle) {}

  // Adds a user's message and gives the answer to text(std::string_view), piece by piece; a
  // callback that returns bool ends the answer with false.
  template <class Text>
  minnow_reason say(const std::string& message, Text&& text) {
    return chat("user", message, std::forward<Text>(text));
  }
  std::string say(const std::string& message) {
    std::string answer;
    say(message, [&](std::string_view text) { answer += text; });
    return answer;
  }
  template <class Text>
  minnow_reason chat(const char* role, const std::string& message, Text&& text) {
    minnow_reason reason = MINNOW_REASON_END;
    Sink<Text> sink{&text, nullptr};
    const minnow_status status = minnow_session_chat(handle_.get(), role, message.c_str(),
                                                     &Sink<Text>::call, &sink, &reason);
    if (sink.thrown) std::rethrow_exception(sink.thrown);
    check(status);
    return reason;
  }
  template <class Text>
  minnow_reason complete(std::string_view prompt, Text&& text) {
    minnow_reason reason = MINNOW_REASON_END;
    Sink<Text> sink{&text, nullptr};
    const minnow_status status = minnow_session_complete(
        handle_.get(), detail::bytes(prompt), prompt.size(), &Sink<Text>::call, &sink, &reason);
    if (sink.thrown) std::rethrow_exception(sink.thrown);
    check(status);
    return reason;
  }

  // What belongs between the two texts, given to text() like an answer.
  template <class Text>
  minnow_reason infill(std::string_view prefix, std::string_view suffix, Text&& text) {
    minnow_reason reason = MINNOW_REASON_END;
    Sink<Text> sink{&text, nullptr};
    const minnow_status status = minnow_session_infill(
        handle_.get(), detail::bytes(prefix), prefix.size(), detail::bytes(suffix), suffix.size(),
        &Sink<Text>::call, &sink, &reason);
    if (sink.thrown) std::rethrow_exception(sink.thrown);
    check(status);
    return reason;
  }
  std::string infill(std::string_view prefix, std::string_view suffix) {
    std::string middle;
    infill(prefix, suffix, [&](std::string_view text) { middle += text; });
    return middle;
  }

  // The text as numbers, row by row.
  Embedding embed(const std::vector<Token>& tokens) {
    const float* values = nullptr;
    Embedding embedding;
    check(minnow_session_embed(handle_.get(), tokens.data(), tokens.size(), &values,
                               &embedding.n_rows, &embedding.n_embd));
    embedding.values.assign(values, values + embedding.n_rows * embedding.n_embd);
    return embedding;
  }
  void encode(const std::vector<Token>& tokens) {
    check(minnow_session_encode(handle_.get(), tokens.data(), tokens.size()));
  }

  void prefill(const std::vector<Token>& tokens) {
    check(minnow_session_prefill(handle_.get(), tokens.data(), tokens.size()));
  }
  void decode(Token token) { check(minnow_session_decode(handle_.get(), token)); }
  // sessions[i]->decode(tokens[i]), together: the weights are read once for all.
  static void decode(const std::vector<Session*>& sessions, const std::vector<Token>& tokens) {
    if (sessions.size() != tokens.size())
      throw Error(MINNOW_INVALID_ARGUMENT, "decode: as many tokens as sessions are needed");
    std::vector<minnow_session*> handles;
    for (Session* session : sessions) handles.push_back(session->handle_.get());
    check(minnow_sessions_decode(handles.data(), tokens.data(), handles.size()));
  }
  Token sample() {
    Token token = 0;
    check(minnow_session_sample(handle_.get(), &token));
    return token;
  }
  // [n_vocab], until the next call.
  const float* logits() {
    const float* logits = nullptr;
    check(minnow_session_logits(handle_.get(), &logits));
    return logits;
  }
  std::int64_t position() {
    std::int64_t n_tokens = 0;
    check(minnow_session_position(handle_.get(), &n_tokens, nullptr));
    return n_tokens;
  }
  void truncate(std::int64_t n_tokens) { check(minnow_session_truncate(handle_.get(), n_tokens)); }
  void cancel() { check(minnow_session_cancel(handle_.get())); }
  // Calls that run on after this many seconds from now throw MINNOW_TIMED_OUT.
  void set_deadline(double seconds) { check(minnow_session_set_deadline(handle_.get(), seconds)); }

  // The answer in pieces, pulled instead of pushed: begin(), then next() until it is empty. A piece
  // is valid until the next call.
  void begin(const std::string& message) {
    check(minnow_session_chat(handle_.get(), "user", message.c_str(), nullptr, nullptr, nullptr));
  }
  std::string_view next() {
    const char* text = nullptr;
    std::size_t n_bytes = 0;
    check(minnow_session_next(handle_.get(), &text, &n_bytes, nullptr));
    return {text, n_bytes};
  }

  void save(const std::string& path) { check(minnow_session_save(handle_.get(), path.c_str())); }
  void restore(const std::string& path) {
    check(minnow_session_restore(handle_.get(), path.c_str()));
  }
  Session fork() {
    minnow_session* copy = nullptr;
    check(minnow_session_fork(handle_.get(), &copy));
    return Session(copy);
  }
  void attach(const Adapter& adapter, double scale = 1.0) {
    check(minnow_session_attach(handle_.get(), adapter.get(), scale));
  }
  // The log-probability of each continuation after what was read and `context`.
  std::vector<double> score(const std::string& context,
                            const std::vector<std::string>& continuations) {
    std::vector<const char*> texts;
    for (const std::string& text : continuations) texts.push_back(text.c_str());
    std::vector<double> scores(texts.size());
    check(minnow_session_score(handle_.get(), context.c_str(), texts.data(), texts.size(),
                               scores.data()));
    return scores;
  }
  std::string stats() {
    char* json = nullptr;
    check(minnow_session_stats(handle_.get(), &json));
    return detail::take(json);
  }
  minnow_session* get() const noexcept { return handle_.get(); }

 private:
  // An exception of the callback must not fly through C: it is kept and thrown again afterwards.
  template <class Text>
  struct Sink {
    std::remove_reference_t<Text>* text;
    std::exception_ptr thrown;
    static minnow_flow call(void* user, const char* bytes, std::size_t n_bytes) noexcept {
      auto* sink = static_cast<Sink*>(user);
      try {
        const std::string_view piece(bytes, n_bytes);
        if constexpr (std::is_same_v<decltype((*sink->text)(piece)), bool>)
          return (*sink->text)(piece) ? MINNOW_CONTINUE : MINNOW_STOP;
        else
          (*sink->text)(piece);
        return MINNOW_CONTINUE;
      } catch (...) {
        sink->thrown = std::current_exception();
        return MINNOW_STOP;
      }
    }
  };

  detail::Owned<minnow_session> handle_;
};

// What a file and a session take with some options, before anything is loaded; what the memory
// budget counts, to the byte.
struct Estimate {
  std::int64_t weights_bytes;
  std::int64_t kv_bytes;
  std::int64_t workspace_bytes;  // of the session, beside keys and values
  std::int64_t total_bytes;      // model and session together
  std::int64_t peak_bytes;       // the most at any time, while opening too
};

// Part of an open file, as in an archive. n_bytes 0: to the end.
struct FilePart {
  int descriptor;
  std::uint64_t offset = 0;
  std::uint64_t n_bytes = 0;
};

// An open model. Any number of threads and sessions may share it.
class Model {
 public:
  static Model open(std::string_view path, const Options& options = Options()) {
    minnow_model* model = nullptr;
    check(minnow_model_open(std::string(path).c_str(), options.get(), &model));
    return Model(model);
  }
  // The descriptor may be closed afterwards.
  static Model open(const FilePart& part, const Options& options = Options()) {
    minnow_model* model = nullptr;
    check(minnow_model_open_descriptor(part.descriptor, part.offset, part.n_bytes, options.get(),
                                       &model));
    return Model(model);
  }
  static Estimate estimate(const std::string& path, const Options& options = Options()) {
    const std::string json = inspect(path, options);
    const std::size_t at = json.rfind("\"memory\":");
    if (at == std::string::npos) throw Error(MINNOW_UNSUPPORTED, "minnow cannot run this file");
    const std::string memory = json.substr(at);
    return {detail::number(memory, "weights_bytes"), detail::number(memory, "kv_bytes"),
            detail::number(memory, "workspace_bytes"), detail::number(memory, "total_bytes"),
            detail::number(memory, "peak_bytes")};
  }
  Adapter adapter(const std::string& path) const {
    minnow_adapter* adapter = nullptr;
    check(minnow_adapter_open(handle_.get(), path.c_str(), &adapter));
    return Adapter(adapter);
  }
  // What a file needs, as JSON; loads nothing.
  static std::string inspect(const std::string& path, const Options& options = Options()) {
    char* json = nullptr;
    check(minnow_model_inspect(path.c_str(), options.get(), &json));
    return detail::take(json);
  }

  Session session(const Options& options = Options()) const {
    minnow_session* session = nullptr;
    check(minnow_session_create(handle_.get(), options.get(), &session));
    return Session(session);
  }

  // The texts as vectors [texts, n_embd], of unit length unless the options say otherwise.
  Embedding embed(const std::vector<std::string>& texts, Options options = Options()) const {
    std::vector<std::vector<Token>> lists;
    std::size_t n_longest = 1;
    for (const std::string& text : texts) {
      lists.push_back(tokenize(text));
      n_longest = lists.back().size() > n_longest ? lists.back().size() : n_longest;
    }
    options.set("n_ctx", n_longest);
    Session reader = session(options);
    Embedding all;
    for (const std::vector<Token>& tokens : lists) {
      const Embedding one = reader.embed(tokens);
      all.values.insert(all.values.end(), one.values.begin(), one.values.end());
      all.n_rows += one.n_rows;
      all.n_embd = one.n_embd;
    }
    return all;
  }

  std::vector<Token> tokenize(std::string_view text,
                              std::uint32_t flags = MINNOW_ADD_SPECIAL) const {
    Token* tokens = nullptr;
    std::size_t n_tokens = 0;
    check(minnow_model_tokenize(handle_.get(), detail::bytes(text), text.size(), flags, &tokens,
                                &n_tokens));
    const detail::Owned<Token> owner(tokens);
    return std::vector<Token>(tokens, tokens + n_tokens);
  }
  std::string detokenize(const std::vector<Token>& tokens, std::uint32_t flags = 0) const {
    char* text = nullptr;
    std::size_t n_bytes = 0;
    check(minnow_model_detokenize(handle_.get(), tokens.data(), tokens.size(), flags, &text,
                                  &n_bytes));
    return detail::take(text, n_bytes);
  }
  // One token's bytes, owned by the model; possibly half a character.
  std::string_view piece(Token token) const {
    const char* text = nullptr;
    std::size_t n_bytes = 0;
    check(minnow_model_token_text(handle_.get(), token, &text, &n_bytes));
    return {text, n_bytes};
  }
  bool is_end(Token token) const {
    int is_end = 0;
    check(minnow_model_token_is_end(handle_.get(), token, &is_end));
    return is_end != 0;
  }
  std::int64_t get(const char* name) const {
    std::int64_t value = 0;
    check(minnow_model_get_int(handle_.get(), name, &value));
    return value;
  }
  Token end_of_text() const { return static_cast<Token>(get("eos")); }
  minnow_model* get() const noexcept { return handle_.get(); }

 private:
  explicit Model(minnow_model* handle) : handle_(handle) {}

  detail::Owned<minnow_model> handle_;
};

}  // namespace api
}  // namespace minnow

#endif  // MINNOW_MINNOW_HPP
