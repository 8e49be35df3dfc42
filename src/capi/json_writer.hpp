// JsonWriter: builds a JSON text piece by piece. Knows nothing of documents: what is written cannot
// be read back or changed. (A document tree would allocate in its destructor, which may not fail.)
//
//   JsonWriter json;
//   json.begin_object().member("threads", 2).key("names").begin_array().value("a").end_array();
//   json.end_object();
//   return json.take();                       // {"threads":2,"names":["a"]}
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace minnow::capi {

class JsonWriter {
 public:
  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& key(std::string_view name);

  // What is not UTF-8 becomes U+FFFD.
  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(const std::string& text) { return value(std::string_view(text)); }
  // null when it is infinite or not a number. Always with a point or an exponent.
  JsonWriter& value(double number) { return real(number); }
  JsonWriter& value(float number) { return real(number); }
  JsonWriter& value(bool flag);
  template <std::integral Integer>
  JsonWriter& value(Integer number) {
    if constexpr (std::is_signed_v<Integer>)
      return integer(static_cast<std::int64_t>(number));
    else
      return unsigned_integer(static_cast<std::uint64_t>(number));
  }
  JsonWriter& null();

  template <class T>
  JsonWriter& member(std::string_view name, const T& what) {
    return key(name).value(what);
  }

  std::string take() { return std::move(text_); }

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  template <std::floating_point Real>
  JsonWriter& real(Real number);
  JsonWriter& integer(std::int64_t number);
  JsonWriter& unsigned_integer(std::uint64_t number);
  void separate();
  void quote(std::string_view text);

  std::string text_;
  bool needs_comma_ = false;
};

}  // namespace minnow::capi
