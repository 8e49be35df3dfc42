// Fuzzes vocabularies and texts together: the first bytes choose a model kind and its switches, the
// following ones are tokens, merges, types and normaliser, the rest is text.
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/growing_text.hpp"
#include "tokenizer/tokenizer.hpp"

namespace {

using minnow::EncodeOptions;
using minnow::GrowingText;
using minnow::TextSpan;
using minnow::Token;
using minnow::Tokenizer;
using minnow::VocabularySource;

// Takes values from the front of the input; zeros when it has ended.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size)
      : bytes_(reinterpret_cast<const char*>(data), size) {}

  unsigned byte() {
    if (bytes_.empty()) return 0;
    const auto value = static_cast<unsigned char>(bytes_[0]);
    bytes_.remove_prefix(1);
    return value;
  }
  std::string_view text(std::size_t n_bytes) {
    const std::string_view value = bytes_.substr(0, n_bytes);
    bytes_.remove_prefix(value.size());
    return value;
  }
  std::string_view rest() const { return bytes_; }

 private:
  std::string_view bytes_;
};

constexpr std::string_view kModels[] = {"llama", "gpt2", "gemma4", "bert", "t5", "gpt2"};
constexpr std::string_view kPres[] = {"",       "gpt-2",        "llama-bpe",      "qwen2",
                                      "qwen35", "falcon",       "starcoder",      "gpt-4o",
                                      "tekken", "deepseek-llm", "deepseek-coder", "deepseek-v3"};

struct FuzzVocabulary {
  std::vector<std::string_view> tokens, merges;
  std::vector<std::int32_t> types;
  std::vector<float> scores;
  VocabularySource source;

  explicit FuzzVocabulary(Input& input) {
    source.model = kModels[input.byte() % std::size(kModels)];
    source.pre = kPres[input.byte() % std::size(kPres)];
    const unsigned switches = input.byte();
    if ((switches & 1) != 0) source.add_bos = (switches & 2) != 0;
    if ((switches & 4) != 0) source.add_space_prefix = (switches & 8) != 0;
    if ((switches & 16) != 0) source.remove_extra_whitespaces = (switches & 32) != 0;
    if ((switches & 64) != 0) source.ids.bos = static_cast<std::int64_t>(input.byte()) - 2;
    if ((switches & 128) != 0) source.ids.unk = input.byte() % 8;
    for (unsigned n = input.byte() % 100; n > 0; --n) {
      const unsigned shape = input.byte();
      tokens.push_back(input.text(shape % 8));
      types.push_back(static_cast<std::int32_t>(shape / 8 % 8));
      scores.push_back(static_cast<float>(shape / 64));
    }
    for (unsigned n = input.byte() % 64; n > 0; --n)
      merges.push_back(input.text(input.byte() % 12));
    source.precompiled_charsmap = input.text(input.byte());
    source.tokens = tokens;
    source.types = types;
    source.merges = merges;
    source.scores = scores;
  }
};

void check(bool holds) {
  if (!holds) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  const FuzzVocabulary vocabulary(input);
  std::unique_ptr<const Tokenizer> tokenizer;
  const auto status =
      Tokenizer::build(vocabulary.source, std::pmr::new_delete_resource(), &tokenizer);
  check(status.ok() == (tokenizer != nullptr));
  if (tokenizer == nullptr) {
    check(!status.message().empty());
    return 0;
  }
  const EncodeOptions options{input.byte() % 2 == 0, input.byte() % 2 == 0};
  const std::size_t cut = input.byte();
  const std::string_view text = input.rest();
  const TextSpan spans[] = {{text.substr(0, cut), true},
                            {text.substr(text.substr(0, cut).size()), false}};
  std::pmr::vector<Token> ids, of_spans;
  check(tokenizer->encode(text, options, &ids).ok());
  check(tokenizer->encode(spans, options, &of_spans).ok());
  for (const Token id : ids) check(id >= 0 && static_cast<std::size_t>(id) < tokenizer->n_vocab());
  GrowingText growing(*tokenizer, options, std::pmr::new_delete_resource());
  check(growing.update({spans, 1}).ok());
  check(growing.update(spans).ok());
  check(growing.tokens().size() == of_spans.size());
  for (std::size_t i = 0; i < of_spans.size(); ++i) check(growing.tokens()[i] == of_spans[i]);
  return 0;
}
