#include "runtime/render.hpp"

#include <chrono>

#include "template/chat_template.hpp"
#include "template/json_value.hpp"
#include "tokenizer/streaming_detokenizer.hpp"
#include "tokenizer/tokenizer.hpp"

namespace minnow {

CivilTime present_time() {
  const auto now = std::chrono::system_clock::now();
  const auto day = std::chrono::floor<std::chrono::days>(now);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(now - day));
  CivilTime civil;
  civil.year = static_cast<int>(date.year());
  civil.month = static_cast<int>(static_cast<unsigned>(date.month()));
  civil.day = static_cast<int>(static_cast<unsigned>(date.day()));
  civil.hour = static_cast<int>(time.hours().count());
  civil.minute = static_cast<int>(time.minutes().count());
  civil.second = static_cast<int>(time.seconds().count());
  return civil;
}

Status parse_time(const char* text, CivilTime& out) {
  if (text == nullptr) {
    out = present_time();
    return {};
  }
  constexpr std::string_view kForm = "0000-00-00 00:00:00";
  const std::string_view given(text);
  bool fits = given.size() == kForm.size();
  for (std::size_t i = 0; fits && i < kForm.size(); ++i)
    fits = kForm[i] == '0' ? given[i] >= '0' && given[i] <= '9' : given[i] == kForm[i];
  if (!fits)
    return error(StatusCode::kInvalidArgument, "the time '", given.substr(0, 40),
                 "' does not have the form \"2024-07-26 12:34:56\"");
  const auto number = [&](std::size_t first, std::size_t n) {
    int value = 0;
    for (const char c : given.substr(first, n)) value = value * 10 + (c - '0');
    return value;
  };
  const CivilTime time{number(0, 4),  number(5, 2),  number(8, 2),
                       number(11, 2), number(14, 2), number(17, 2)};
  const bool in_range = time.month >= 1 && time.month <= 12 && time.day >= 1 && time.day <= 31 &&
                        time.hour < 24 && time.minute < 60 && time.second < 61;
  if (!in_range)
    return error(StatusCode::kInvalidArgument, "the time '", given, "' is out of range");
  out = time;
  return {};
}

Status render_json_context(std::string_view source, std::string_view context_json, const char* now,
                           std::string& out) {
  RenderOptions options;
  MINNOW_TRY(parse_time(now, options.now));
  ChatTemplate chat_template;
  MINNOW_TRY(ChatTemplate::compile(source, options.limits, &chat_template));
  Value context;
  MINNOW_TRY(value_from_json(context_json, false, &context));
  if (!context.is(Kind::kDict))
    return error(StatusCode::kInvalidArgument, "the template's context is not a JSON object");
  MarkedText text;
  MINNOW_TRY(chat_template.render(context, options, &text));
  out = text.text();
  return {};
}

std::string decode_text(const Tokenizer& tokenizer, std::span<const Token> tokens,
                        bool write_special) {
  DetokenizeOptions options;
  options.write_special = write_special;
  StreamingDetokenizer detokenizer(tokenizer, options, std::pmr::get_default_resource());
  std::string text;
  for (const Token token : tokens) text += detokenizer.push(token);
  text += detokenizer.finish();
  return text;
}

}  // namespace minnow
