// Fuzzes the streaming detokenizer: any ids of a small vocabulary with all bytes. Every part must
// be whole UTF-8, and the parts must be the repaired bytes of the pieces.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/streaming_detokenizer.hpp"
#include "tokenizer/utf8.hpp"

namespace {

using minnow::StreamingDetokenizer;
using minnow::Token;
using minnow::Tokenizer;
using minnow::TokenType;

void check(bool holds) {
  if (!holds) __builtin_trap();
}

std::unique_ptr<const Tokenizer> make_tokenizer() {
  std::vector<std::string> texts;
  std::vector<std::int32_t> types;
  const auto add = [&](std::string text, TokenType type) {
    texts.push_back(std::move(text));
    types.push_back(static_cast<std::int32_t>(type));
  };
  constexpr char kDigits[] = "0123456789ABCDEF";
  for (int byte = 0; byte < 256; ++byte) {
    add(std::string("<0x") + kDigits[byte / 16] + kDigits[byte % 16] + ">", TokenType::kByte);
  }
  add("<s>", TokenType::kControl);
  add("<tool>", TokenType::kUserDefined);
  for (const char* piece :
       {"\xE2\x96\x81", "\xE2\x96\x81word", "\xE4\xBD", "\xA0\xE4", "\xF0\x9F"}) {
    add(piece, TokenType::kNormal);
  }
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const std::vector<float> scores(texts.size());
  minnow::VocabularySource source;
  source.model = "llama";
  source.tokens = views;
  source.types = types;
  source.scores = scores;
  std::unique_ptr<const Tokenizer> made;
  check(Tokenizer::build(source, std::pmr::new_delete_resource(), &made).ok());
  return made;
}

std::string repaired(std::string_view bytes) {
  std::string text;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto c = minnow::decode_utf8(bytes.data() + at, bytes.size() - at);
    text += c.valid ? std::string(bytes.substr(at, c.n_bytes)) : "\xEF\xBF\xBD";
    at += c.n_bytes;
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::unique_ptr<const Tokenizer> tokenizer = make_tokenizer();
  if (size == 0) return 0;
  const minnow::DetokenizeOptions options{(data[0] & 1) != 0, (data[0] & 2) != 0};
  StreamingDetokenizer detokenizer(*tokenizer, options, std::pmr::new_delete_resource());
  std::vector<Token> ids;
  std::string streamed;
  for (std::size_t i = 1; i < size; ++i) {
    // Bytes above 0xF0 stand for the pieces behind the byte tokens and for ids that do not exist.
    const Token id = data[i] < 0xF1 || i + 1 == size ? data[i] : 250 + data[++i] % 16;
    ids.push_back(id);
    const std::string_view part = detokenizer.push(id);
    check(minnow::valid_utf8_bytes(part) == part.size());
    streamed += part;
  }
  streamed += detokenizer.finish();
  std::pmr::vector<char> bytes;
  minnow::decode_bytes(*tokenizer, ids, options, &bytes);
  check(streamed == repaired({bytes.data(), bytes.size()}));
  return 0;
}
