// Chat: a conversation on a session: messages, the model's chat template, answers.
//
// Each turn renders all messages and reads only what the session has not read yet: the longest
// common beginning of the new prompt and the session's tokens is kept. Text of users stays marked
// through the template, so nothing they write becomes a control token.
//
// An answer is pulled (begin, next, next, ...) or given to a sink, by the same loop. Whatever else
// changes the session ends a pulled answer first: settle().
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.hpp"
#include "runtime/generation.hpp"
#include "runtime/session.hpp"
#include "template/chat_template.hpp"
#include "tokenizer/growing_text.hpp"

namespace minnow {

struct ChatMessage {
  std::string role;
  std::string content;
};

class Chat {
 public:
  static Status create(std::shared_ptr<Model> model, const Options& options,
                       std::unique_ptr<Chat>& out);

  // Use create(). Public only for std::make_unique.
  explicit Chat(std::unique_ptr<Session> session);

  // Adds a message and, unless its role is "system", answers it. kInvalidArgument: an unknown role.
  // On failure before the answer began the message is taken back.
  Status say(std::string_view role, std::string_view content, const TextSink& sink, Answer& out);
  // Continues text as it is, without template or messages.
  Status complete(std::string_view text, const TextSink& sink, Answer& out);

  Status infill(std::string_view prefix, std::string_view suffix, const TextSink& sink,
                Answer& out);

  // The same, leaving the answer to next().
  Status begin_say(std::string_view role, std::string_view content);
  Status begin_complete(std::string_view text);
  // Writes what belongs between two texts, by the model's tokens for that; the session starts anew.
  // kUnsupported: the model has no such tokens.
  Status begin_infill(std::string_view prefix, std::string_view suffix);
  // The next piece of the answer, valid until the next call; empty at its end, with the reason.
  // kInvalidArgument when none was begun.
  Status next(std::string_view& out, FinishReason& reason);
  // Ends an answer that is still running, as if the caller had had enough of it.
  void settle();

  // The log-probability of each text as a continuation of what was read and of `context`, in whole
  // tokens of both together. The session is as before.
  Status score(std::string_view context, std::span<const std::string_view> continuations,
               double* out);
  // Another conversation that has read and said the same.
  Status fork(std::unique_ptr<Chat>& out);

  Session& session() { return *session_; }
  const std::vector<ChatMessage>& messages() const { return messages_; }
  const GenerationStats& stats() const { return stats_; }  // of the last answer
  // Replaces the conversation; the next turn reads what has changed.
  void set_messages(std::vector<ChatMessage> messages) { messages_ = std::move(messages); }

 private:
  // What the answer that runs belongs to.
  enum class Turn { kNone, kText, kMessage };

  Status render_prompt();
  Status begin_answer(std::span<const Token> prompt);
  Status begin_text(std::span<const Token> prompt, std::span<const Token> source = {});
  Status run(const TextSink& sink, Answer& out);
  void finish_turn(bool succeeded, std::string* text);

  std::unique_ptr<Session> session_;
  AnswerStream stream_;
  std::optional<ChatTemplate> template_;  // compiled at the first message
  GrowingText prompt_;                    // the rendered conversation and its tokens
  std::vector<ChatMessage> messages_;
  Turn turn_ = Turn::kNone;
  GenerationStats stats_;
};

}  // namespace minnow
