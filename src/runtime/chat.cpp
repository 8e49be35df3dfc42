#include "runtime/chat.hpp"

#include <algorithm>
#include <utility>

#include "runtime/render.hpp"
#include "runtime/session_state.hpp"
#include "template/json_value.hpp"
#include "tokenizer/tokenizer.hpp"

namespace minnow {

namespace {

// The spans of a rendered prompt, in order: what the template wrote and what users wrote.
std::pmr::vector<TextSpan> spans_of(const MarkedText& text) {
  std::pmr::vector<TextSpan> spans;
  std::size_t done = 0;
  for (const MarkedSpan& user : text.spans()) {
    if (user.begin > done) spans.push_back({text.text().substr(done, user.begin - done), false});
    spans.push_back({text.text().substr(user.begin, user.end - user.begin), true});
    done = user.end;
  }
  if (done < text.size()) spans.push_back({text.text().substr(done), false});
  return spans;
}

Value text_of_token(const Tokenizer& tokenizer, Token token) {
  return Value::string(token == kNoToken ? std::string_view()
                                         : tokenizer.piece_with_special(token));
}

Value context_of(const Tokenizer& tokenizer, const std::vector<ChatMessage>& messages) {
  Value list = Value::list();
  for (const ChatMessage& message : messages) {
    Value item = Value::dict();
    item.set("role", Value::string(message.role, !is_known_role(message.role)));
    item.set("content", Value::string(message.content, true));
    list.append(std::move(item));
  }
  Value context = Value::dict();
  context.set("messages", std::move(list));
  context.set("add_generation_prompt", Value::boolean(true));
  context.set("bos_token", text_of_token(tokenizer, tokenizer.special().bos));
  context.set("eos_token", text_of_token(tokenizer, tokenizer.special().eos));
  return context;
}

}  // namespace

Chat::Chat(std::unique_ptr<Session> session)
    : session_(std::move(session)),
      stream_(*session_),
      prompt_(session_->model().tokenizer(), {true, true}, &session_->model().runtime().memory()) {}

Status Chat::create(std::shared_ptr<Model> model, const Options& options,
                    std::unique_ptr<Chat>& out) {
  std::unique_ptr<Session> session;
  MINNOW_TRY(Session::create(std::move(model), options, session));
  out = std::make_unique<Chat>(std::move(session));
  return {};
}

Status Chat::say(std::string_view role, std::string_view content, const TextSink& sink,
                 Answer& out) {
  MINNOW_TRY(begin_say(role, content));
  return run(sink, out);
}

Status Chat::complete(std::string_view text, const TextSink& sink, Answer& out) {
  MINNOW_TRY(begin_complete(text));
  return run(sink, out);
}

Status Chat::infill(std::string_view prefix, std::string_view suffix, const TextSink& sink,
                    Answer& out) {
  MINNOW_TRY(begin_infill(prefix, suffix));
  return run(sink, out);
}

Status Chat::begin_say(std::string_view role, std::string_view content) {
  settle();
  if (role != "user" && role != "system" && role != "tool")
    return error(StatusCode::kInvalidArgument, "a message's role is '", role.substr(0, 64),
                 "', which is not user, system or tool");
  if (session_->model().chat_template().empty()) {
    // A base model continues text; there is nothing that a role could mean.
    return begin_complete(content);
  }
  messages_.reserve(messages_.size() + 2);  // the answer's place too
  messages_.push_back({std::string(role), std::string(content)});
  if (role == "system") return {};
  // Taken back by whatever ends this early, an exception included.
  struct TakeBack {
    std::vector<ChatMessage>* messages;
    ~TakeBack() {
      if (messages != nullptr) messages->pop_back();
    }
  } take_back{&messages_};
  MINNOW_TRY(render_prompt());
  MINNOW_TRY(begin_answer(prompt_.tokens()));
  take_back.messages = nullptr;
  turn_ = Turn::kMessage;
  return {};
}

Status Chat::begin_complete(std::string_view text) {
  settle();
  EncodeOptions encode;
  const ModelConfig& config = session_->model().config();
  const bool is_encoded = config.n_encoder_layers > 0;  // each text by itself
  encode.add_special = session_->position() == 0 || is_encoded;
  encode.parse_special = true;
  std::pmr::vector<Token> tokens;
  MINNOW_TRY(session_->model().tokenizer().encode(text, encode, &tokens));
  if (tokens.empty() && session_->position() == 0)
    return error(StatusCode::kInvalidArgument, "the prompt is empty: there is nothing to continue");
  const auto start = static_cast<Token>(config.decoder_start);
  return is_encoded ? begin_text({&start, 1}, tokens) : begin_text(tokens);
}

Status Chat::begin_text(std::span<const Token> prompt, std::span<const Token> source) {
  const Status status = stream_.begin(prompt, source);
  stats_ = stream_.stats();
  MINNOW_TRY(status);
  turn_ = Turn::kText;
  return {};
}

// Bavarian et al., "Efficient Training of Language Models to Fill in the Middle" (arXiv
// 2207.14255): prefix, suffix, middle. The model's control tokens mean nothing in the two texts.
Status Chat::begin_infill(std::string_view prefix, std::string_view suffix) {
  settle();
  const Tokenizer& tokenizer = session_->model().tokenizer();
  const SpecialTokens& special = tokenizer.special();
  if (special.fim_pre == kNoToken || special.fim_suf == kNoToken || special.fim_mid == kNoToken)
    return error(StatusCode::kUnsupported,
                 "the model cannot fill in: its vocabulary lacks the tokens for prefix, suffix and "
                 "middle");
  const auto encode = [&](std::string_view text, std::pmr::vector<Token>& tokens) {
    std::pmr::vector<Token> made;
    MINNOW_TRY(tokenizer.encode(text, {false, false}, &made));
    tokens.insert(tokens.end(), made.begin(), made.end());
    return Status();
  };
  std::pmr::vector<Token> tokens;
  if (tokenizer.adds_bos() && special.bos != kNoToken) tokens.push_back(special.bos);
  tokens.push_back(special.fim_pre);
  MINNOW_TRY(encode(prefix, tokens));
  tokens.push_back(special.fim_suf);
  MINNOW_TRY(encode(suffix, tokens));
  tokens.push_back(special.fim_mid);
  MINNOW_TRY(session_->truncate(0));
  return begin_text(tokens);
}

Status Chat::next(std::string_view& out, FinishReason& reason) {
  if (turn_ == Turn::kNone)
    return error(StatusCode::kInvalidArgument,
                 "there is no answer to give: begin one (a chat or completion without a callback)");
  std::string_view text;
  const Status status = stream_.next(text);
  stats_ = stream_.stats();
  if (!status.ok() || text.empty()) {
    finish_turn(status.ok(), nullptr);
    MINNOW_TRY(status);
    reason = stream_.reason();
  }
  out = text;
  return {};
}

// Where a word crosses the border, tokens of the whole differ from those of the context alone: from
// there on they are read with each continuation, and not counted as far as the context goes.
Status Chat::score(std::string_view context, std::span<const std::string_view> continuations,
                   double* out) {
  settle();
  const Tokenizer& tokenizer = session_->model().tokenizer();
  EncodeOptions encode;
  encode.add_special = session_->position() == 0;
  encode.parse_special = true;
  std::pmr::vector<Token> shared;
  MINNOW_TRY(tokenizer.encode(context, encode, &shared));
  std::vector<std::pmr::vector<Token>> wholes(continuations.size());
  std::vector<std::size_t> n_given(continuations.size());
  std::size_t n_shared = shared.size();
  for (std::size_t i = 0; i < continuations.size(); ++i) {
    const std::string whole = join(context, continuations[i]);
    MINNOW_TRY(tokenizer.encode(whole, encode, &wholes[i]));
    const auto differs =
        std::mismatch(shared.begin(), shared.end(), wholes[i].begin(), wholes[i].end());
    n_given[i] = static_cast<std::size_t>(differs.first - shared.begin());
    n_shared = std::min(n_shared, n_given[i]);
  }
  std::vector<Session::Continuation> list(continuations.size());
  for (std::size_t i = 0; i < list.size(); ++i)
    list[i] = {std::span<const Token>(wholes[i]).subspan(n_shared), n_given[i] - n_shared};
  return session_->score(std::span<const Token>(shared).first(n_shared), list, out);
}

Status Chat::fork(std::unique_ptr<Chat>& out) {
  settle();
  MINNOW_TRY(check_copyable(*session_));
  std::unique_ptr<Chat> copy;
  MINNOW_TRY(create(session_->shared_model(), session_->options(), copy));
  for (const Session::Attached& one : session_->attached())
    MINNOW_TRY(copy->session().attach(one.adapter, one.scale));
  copy->messages_ = messages_;
  copy_session(*session_, copy->session());
  out = std::move(copy);
  return {};
}

void Chat::settle() {
  if (turn_ == Turn::kNone) return;
  stream_.stop(FinishReason::kCallback);
  finish_turn(true, nullptr);
}

Status Chat::run(const TextSink& sink, Answer& out) {
  if (turn_ == Turn::kNone) return {};  // a system message has no answer
  Status status;
  for (std::string_view text;;) {
    status = stream_.next(text);
    if (!status.ok() || text.empty()) break;
    if (sink.callback == nullptr || sink.callback(sink.user, text)) continue;
    // A piece may be the last one: its reason stands then.
    if (stream_.is_running()) stream_.stop(FinishReason::kCallback);
    break;
  }
  stats_ = stream_.stats();
  out.reason = stream_.reason();
  out.stats = stats_;
  finish_turn(status.ok(), out.keeps_text ? &out.text : nullptr);
  return status;
}

// Makes the answer's message in a conversation, and its text where it is wanted. An answer that
// failed before its first piece takes the question back.
void Chat::finish_turn(bool succeeded, std::string* text) {
  const bool is_message = turn_ == Turn::kMessage;
  turn_ = Turn::kNone;
  struct TakeBack {
    std::vector<ChatMessage>* messages;
    ~TakeBack() {
      if (messages != nullptr) messages->pop_back();
    }
  } take_back{is_message ? &messages_ : nullptr};
  std::string content;
  if (is_message || text != nullptr) stream_.text(content);
  if (text != nullptr) *text = content;
  if (!is_message || (!succeeded && content.empty())) return;
  take_back.messages = nullptr;
  messages_.push_back({"assistant", std::move(content)});  // its place is reserved
}

// Renders all messages; tokenizes only what has changed since the last turn.
Status Chat::render_prompt() {
  const Model& model = session_->model();
  RenderOptions options;
  options.now = present_time();
  if (!template_) {
    ChatTemplate compiled;
    MINNOW_TRY(ChatTemplate::compile(model.chat_template(), options.limits, &compiled));
    template_ = std::move(compiled);
  }
  MarkedText text;
  MINNOW_TRY(template_->render(context_of(model.tokenizer(), messages_), options, &text));
  return prompt_.update(spans_of(text));
}

// Keeps the longest common beginning of what the session has read and the new prompt. At least one
// token is read anew: its logits are needed. A conversation too long is refused before anything is
// forgotten.
Status Chat::begin_answer(std::span<const Token> prompt) {
  if (static_cast<std::int64_t>(prompt.size()) > session_->n_ctx())
    return error(StatusCode::kContextFull, "the conversation has ", prompt.size(),
                 " tokens; the context holds ", session_->n_ctx(), " (raise n_ctx)");
  const std::span<const Token> past = session_->tokens();
  std::size_t n_common = 0;
  while (n_common < past.size() && n_common + 1 < prompt.size() &&
         past[n_common] == prompt[n_common])
    ++n_common;
  MINNOW_TRY(session_->truncate(static_cast<std::int64_t>(n_common)));
  const Status status = stream_.begin(prompt.subspan(n_common));
  stats_ = stream_.stats();
  return status;
}

}  // namespace minnow
