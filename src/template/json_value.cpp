// JSON by nlohmann's SAX reader, which neither recurses nor throws when used this way; the depth is
// checked while parsing, before anything is built.
#include "template/json_value.hpp"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "template/dict_object.hpp"
#include "template/number_text.hpp"

namespace minnow {
namespace {

constexpr std::size_t kMaxDepth = 128;

class ValueReader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  ValueReader(bool mark, std::pmr::memory_resource* memory) : mark_(mark), memory_(memory) {}

  bool null() override { return add(Value::none().with_mark(mark_)); }
  bool boolean(bool value) override { return add(Value::boolean(value).with_mark(mark_)); }
  bool number_integer(number_integer_t value) override {
    return add(Value::integer(value).with_mark(mark_));
  }
  bool number_unsigned(number_unsigned_t value) override {
    const auto most = static_cast<number_unsigned_t>(std::numeric_limits<std::int64_t>::max());
    if (value > most) return add(Value::number(static_cast<double>(value)).with_mark(mark_));
    return add(Value::integer(static_cast<std::int64_t>(value)).with_mark(mark_));
  }
  // The digits are read again, because strtod would obey the host's locale.
  bool number_float(number_float_t value, const string_t& digits) override {
    double read = value;
    read_double(digits, &read);
    return add(Value::number(read).with_mark(mark_));
  }
  bool string(string_t& value) override {
    const bool role =
        !open_.empty() && key_is_role_ && open_.back().is(Kind::kDict) && is_known_role(value);
    return add(Value::string(value, mark_ && !role, memory_));
  }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Value::dict(memory_)); }
  bool start_array(std::size_t) override { return open(Value::list(memory_)); }
  bool key(string_t& name) override {
    keys_.back() = Value::string(name, mark_, memory_);
    key_is_role_ = name == "role";
    return true;
  }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    failure_ = error(StatusCode::kInvalidArgument, "malformed JSON at byte ", position);
    return false;
  }

  const Status& failure() const { return failure_; }
  Value take() { return std::move(root_); }

 private:
  bool open(Value container) {
    if (open_.size() >= kMaxDepth) {
      failure_ =
          error(StatusCode::kInvalidArgument, "JSON nested more than ", kMaxDepth, " levels deep");
      return false;
    }
    open_.push_back(std::move(container));
    keys_.emplace_back();
    key_is_role_ = false;
    return true;
  }
  bool close() {
    Value done = std::move(open_.back());
    open_.pop_back();
    keys_.pop_back();
    return add(std::move(done));
  }
  bool add(Value value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (open_.back().is(Kind::kList)) {
      open_.back().append(std::move(value));
    } else {
      open_.back().as_dict().set(std::move(keys_.back()), std::move(value));
    }
    return true;
  }

  bool mark_;
  std::pmr::memory_resource* memory_;
  std::vector<Value> open_;  // the containers around the current position
  std::vector<Value> keys_;  // the pending key of each
  bool key_is_role_ = false;
  Value root_;
  Status failure_;
};

}  // namespace

bool is_known_role(std::string_view role) {
  static constexpr std::string_view kRoles[] = {
      "system",        "user",      "assistant",      "tool",
      "developer",     "function",  "model",          "ipython",
      "tool_response", "tool_call", "observation",    "human",
      "gpt",           "bot",       "chatbot",        "environment",
      "tools",         "documents", "tool_calls",     "tool_responses",
      "context",       "critic",    "latest_reminder"};
  return std::find(std::begin(kRoles), std::end(kRoles), role) != std::end(kRoles);
}

Status value_from_json(std::string_view json, bool mark_strings, Value* out,
                       std::pmr::memory_resource* memory) {
  ValueReader reader(mark_strings, memory);
  if (!nlohmann::json::sax_parse(json.begin(), json.end(), &reader)) {
    if (!reader.failure().ok()) return reader.failure();
    return error(StatusCode::kInvalidArgument, "malformed JSON");
  }
  *out = reader.take();
  return {};
}

}  // namespace minnow
