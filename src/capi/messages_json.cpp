// A conversation's messages as JSON, both ways. Read with the SAX reader: a document tree would
// allocate in its destructor.
#include <nlohmann/json.hpp>

#include "capi/describe_json.hpp"
#include "capi/json_writer.hpp"

namespace minnow::capi {

namespace {

using Json = nlohmann::json;

bool is_role(std::string_view role) {
  return role == "system" || role == "user" || role == "assistant" || role == "tool";
}

// [{"role": text, "content": text}, ...]; other members of a message are let pass if they are no
// containers.
class MessageReader final : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return other(); }
  bool boolean(bool) override { return other(); }
  bool number_integer(number_integer_t) override { return other(); }
  bool number_unsigned(number_unsigned_t) override { return other(); }
  bool number_float(number_float_t, const string_t&) override { return other(); }
  bool binary(binary_t&) override { return false; }
  bool string(string_t& text) override {
    if (depth_ < 2) return other();
    if (key_ == "role") {
      message_.role = text;
      has_role_ = true;
    } else if (key_ == "content") {
      message_.content = text;
      has_content_ = true;
    }
    return true;
  }
  bool start_array(std::size_t) override { return depth_ == 0 ? ++depth_ > 0 : other(); }
  bool end_array() override {
    --depth_;
    return true;
  }
  bool start_object(std::size_t) override {
    if (depth_ != 1) return other();
    ++depth_;
    message_ = {};
    has_role_ = has_content_ = false;
    return true;
  }
  bool key(string_t& name) override {
    key_ = name;
    return true;
  }
  bool end_object() override {
    --depth_;
    if (!has_role_ || !has_content_) return incomplete();
    if (!is_role(message_.role)) {
      failure_ = error(StatusCode::kInvalidArgument, "message ", messages_.size(),
                       " has the role '", std::string_view(message_.role).substr(0, 64),
                       "', which is not system, user, assistant or tool");
      return false;
    }
    messages_.push_back(std::move(message_));
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

  Status take(std::vector<ChatMessage>& out) {
    if (!failure_.ok()) return failure_;
    out = std::move(messages_);
    return {};
  }
  void fail() {
    if (failure_.ok())
      failure_ = error(StatusCode::kInvalidArgument, "the messages are not a JSON array");
  }

 private:
  // A value that a list of messages has no place for.
  bool other() {
    if (depth_ == 0) return false;
    if (depth_ == 2 && key_ != "role" && key_ != "content") return true;
    return incomplete();
  }
  bool incomplete() {
    failure_ = error(StatusCode::kInvalidArgument, "message ", messages_.size(),
                     " is not an object with the texts \"role\" and \"content\"");
    return false;
  }

  int depth_ = 0;  // containers around the current position
  std::string key_;
  ChatMessage message_;
  bool has_role_ = false, has_content_ = false;
  std::vector<ChatMessage> messages_;
  Status failure_;
};

}  // namespace

std::string messages_json(const std::vector<ChatMessage>& messages) {
  JsonWriter json;
  json.begin_array();
  for (const ChatMessage& message : messages)
    json.begin_object()
        .member("role", message.role)
        .member("content", message.content)
        .end_object();
  return json.end_array().take();
}

Status read_messages(std::string_view json, std::vector<ChatMessage>& out) {
  MessageReader reader;
  if (!Json::sax_parse(json.begin(), json.end(), &reader)) reader.fail();
  return reader.take(out);
}

}  // namespace minnow::capi
