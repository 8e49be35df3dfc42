#include "capi/json_writer.hpp"

#include <cmath>

#include "base/join.hpp"
#include "tokenizer/utf8.hpp"

namespace minnow::capi {

JsonWriter& JsonWriter::open(char bracket) {
  separate();
  text_.push_back(bracket);
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  text_.push_back(bracket);
  needs_comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  quote(name);
  text_.push_back(':');
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
  separate();
  quote(text);
  return *this;
}

template <std::floating_point Real>
JsonWriter& JsonWriter::real(Real number) {
  if (!std::isfinite(number)) return null();
  separate();
  const std::size_t start = text_.size();
  append_piece(text_, number);
  if (text_.find_first_of(".e", start) == std::string::npos) text_.append(".0");
  return *this;
}

template JsonWriter& JsonWriter::real(double number);
template JsonWriter& JsonWriter::real(float number);

JsonWriter& JsonWriter::value(bool flag) {
  separate();
  append_piece(text_, flag);
  return *this;
}

JsonWriter& JsonWriter::null() {
  separate();
  text_.append("null");
  return *this;
}

JsonWriter& JsonWriter::integer(std::int64_t number) {
  separate();
  append_piece(text_, number);
  return *this;
}

JsonWriter& JsonWriter::unsigned_integer(std::uint64_t number) {
  separate();
  append_piece(text_, number);
  return *this;
}

void JsonWriter::separate() {
  if (needs_comma_) text_.push_back(',');
  needs_comma_ = true;
}

void JsonWriter::quote(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  text_.push_back('"');
  while (!text.empty()) {
    const Utf8Char c = decode_utf8(text.data(), text.size());
    const char byte = text.front();
    if (!c.valid) {
      text_.append("\xEF\xBF\xBD");
    } else if (byte == '"' || byte == '\\') {
      text_.push_back('\\');
      text_.push_back(byte);
    } else if (byte == '\n') {
      text_.append("\\n");
    } else if (byte == '\r') {
      text_.append("\\r");
    } else if (byte == '\t') {
      text_.append("\\t");
    } else if (static_cast<unsigned char>(byte) < 0x20) {
      text_.append("\\u00");
      text_.push_back(kHex[byte >> 4]);
      text_.push_back(kHex[byte & 15]);
    } else {
      text_.append(text, 0, c.n_bytes);
    }
    text.remove_prefix(c.n_bytes);
  }
  text_.push_back('"');
}

}  // namespace minnow::capi
