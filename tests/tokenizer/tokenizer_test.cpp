// What a tokenizer promises beyond its ids: special tokens, BOS, users' text, broken vocabularies.
#include "tokenizer/tokenizer.hpp"

#include <gtest/gtest.h>

#include <string>

#include "support/small_vocabulary.hpp"
#include "support/vocabulary_file.hpp"

namespace minnow {
namespace {

using testing::decode;
using testing::encode;
using testing::open_tokenizer;
using testing::small_byte_level;
using testing::small_spm;
using testing::SmallVocabulary;

const std::string kData = MINNOW_TEST_DATA;
constexpr EncodeOptions kParsed{false, true};

std::unique_ptr<const Tokenizer> build(SmallVocabulary vocabulary) {
  std::unique_ptr<const Tokenizer> made;
  const Status status = vocabulary.build(&made);
  EXPECT_TRUE(status.ok()) << status.message();
  return made;
}

std::string failure(SmallVocabulary vocabulary, StatusCode code) {
  std::unique_ptr<const Tokenizer> made;
  const Status status = vocabulary.build(&made);
  EXPECT_EQ(status.code(), code) << status.message();
  EXPECT_EQ(made, nullptr);
  return status.message();
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::vector<Token> encode_spans(const Tokenizer& tokenizer, const std::vector<TextSpan>& spans,
                                EncodeOptions options = kParsed) {
  std::pmr::vector<Token> ids;
  EXPECT_TRUE(tokenizer.encode(spans, options, &ids).ok());
  return {ids.begin(), ids.end()};
}

// ---- BOS and EOS
// ---------------------------------------------------------------------------------

TEST(Tokenizer, AddsBosOnceEvenWhenTheTextBeginsWithIt) {
  const auto tokenizer = build(small_spm());
  const std::vector<Token> once = encode(*tokenizer, "Hello", {true, true});
  EXPECT_EQ(once.front(), 1);
  EXPECT_EQ(encode(*tokenizer, "<s>Hello", {true, true}), once);
  EXPECT_EQ(encode(*tokenizer, "", {true, true}), std::vector<Token>{1});
  EXPECT_EQ(encode(*tokenizer, "<s>", {true, true}), std::vector<Token>{1});
}

TEST(Tokenizer, BosWrittenByAUserDoesNotCount) {
  const auto tokenizer = build(small_spm());
  const auto ids = encode_spans(*tokenizer, {{"<s>", true}, {"Hello", false}}, {true, true});
  EXPECT_EQ(ids.front(), 1);
  EXPECT_EQ(std::count(ids.begin(), ids.end(), 1), 1);
}

TEST(Tokenizer, SwitchesOfTheFileWinOverDefaults) {
  SmallVocabulary vocabulary = small_spm();
  vocabulary.rest.add_bos = false;
  vocabulary.rest.add_eos = true;
  vocabulary.rest.add_space_prefix = false;
  const auto tokenizer = build(vocabulary);
  const auto ids = encode(*tokenizer, "Hello", {true, true});
  EXPECT_EQ(decode(*tokenizer, {ids[0]}), "Hello");
  EXPECT_EQ(ids.back(), 2);
  EXPECT_EQ(encode(*tokenizer, "Hello</s>", {true, true}), ids);
}

TEST(Tokenizer, BertPutsClsAndSepAround) {
  const auto tokenizer = open_tokenizer(kData + "/vocab/ggml-vocab-bert-bge.gguf.xz");
  const auto ids = encode(*tokenizer, "hello", {true, false});
  ASSERT_EQ(ids.size(), 3u);
  EXPECT_EQ(tokenizer->piece_with_special(ids.front()), "[CLS]");
  EXPECT_EQ(tokenizer->piece_with_special(ids.back()), "[SEP]");
  EXPECT_EQ(decode(*tokenizer, encode(*tokenizer, "Hello World", {true, false}), {false, true}),
            "hello world");
}

// ---- special tokens
// ------------------------------------------------------------------------------

TEST(Tokenizer, ControlTokensMatchOnlyWhenParsed) {
  const auto tokenizer = build(small_byte_level());
  const Token end = tokenizer->find("<|im_end|>");
  EXPECT_EQ(encode(*tokenizer, "<|im_end|>", kParsed), std::vector<Token>{end});
  const auto plain = encode(*tokenizer, "<|im_end|>");
  EXPECT_EQ(std::count(plain.begin(), plain.end(), end), 0);
  EXPECT_EQ(decode(*tokenizer, plain), "<|im_end|>");
}

TEST(Tokenizer, UserDefinedTokensAlwaysMatch) {
  const auto tokenizer = build(small_byte_level());
  const Token tool = tokenizer->find("<tool>");
  EXPECT_EQ(encode(*tokenizer, "<tool>"), std::vector<Token>{tool});
  EXPECT_EQ(encode_spans(*tokenizer, {{"<tool>", true}}), std::vector<Token>{tool});
}

TEST(Tokenizer, TheLongestOfTheLeftmostSpecialTokensMatches) {
  SmallVocabulary vocabulary = small_byte_level();
  const Token shorter = vocabulary.add("<|im", TokenType::kControl);
  const Token longer = vocabulary.add("<|im_end|><|im_end|>", TokenType::kControl);
  const auto tokenizer = build(vocabulary);
  const Token end = tokenizer->find("<|im_end|>");
  EXPECT_EQ(encode(*tokenizer, "<|im_end|><|im_end|><|im_end|><|im", kParsed),
            (std::vector<Token>{longer, end, shorter}));
}

TEST(Tokenizer, PiecesOfControlTokensAreEmptyUnlessAskedFor) {
  const auto tokenizer = build(small_byte_level());
  const Token end = tokenizer->find("<|im_end|>");
  EXPECT_TRUE(tokenizer->is_control(end));
  EXPECT_EQ(tokenizer->piece(end), "");
  EXPECT_EQ(tokenizer->piece_with_special(end), "<|im_end|>");
  EXPECT_EQ(tokenizer->piece(-1), "");
  EXPECT_EQ(tokenizer->piece(static_cast<Token>(tokenizer->n_vocab())), "");
  EXPECT_FALSE(tokenizer->is_control(1 << 30));
}

TEST(Tokenizer, EndsAreAllTokensThatEndAGeneration) {
  const auto tokenizer = build(small_byte_level());
  EXPECT_TRUE(tokenizer->is_end(tokenizer->find("<|endoftext|>")));
  EXPECT_TRUE(tokenizer->is_end(tokenizer->find("<|im_end|>")));
  EXPECT_FALSE(tokenizer->is_end(tokenizer->find("<|im_start|>")));
  EXPECT_FALSE(tokenizer->is_end(kNoToken));
  EXPECT_EQ(tokenizer->end_tokens().size(), 2u);
  EXPECT_EQ(tokenizer->special().eot, tokenizer->find("<|im_end|>"));
}

TEST(Tokenizer, OrdinaryTokensThatLookLikeEndsAreNone) {
  SmallVocabulary vocabulary = small_byte_level();
  const Token ordinary = vocabulary.add("</s>");
  const Token user = vocabulary.add("<eos>", TokenType::kUserDefined);
  const auto tokenizer = build(vocabulary);
  EXPECT_FALSE(tokenizer->is_end(ordinary));
  EXPECT_FALSE(tokenizer->is_end(user));
}

TEST(Tokenizer, EndOfAChannelDoesNotEndTheAnswer) {
  SmallVocabulary vocabulary = small_byte_level();
  const Token end = vocabulary.add("<|end|>", TokenType::kControl);
  const Token returns = vocabulary.add("<|return|>", TokenType::kControl);
  const Token call = vocabulary.add("<|call|>", TokenType::kControl);
  const auto tokenizer = build(vocabulary);
  EXPECT_FALSE(tokenizer->is_end(end));
  EXPECT_TRUE(tokenizer->is_end(returns));
  EXPECT_TRUE(tokenizer->is_end(call));
}

TEST(Tokenizer, RealVocabulariesHaveTheirEnds) {
  const auto qwen = open_tokenizer(kData + "/tokenizer/qwen2.5-coder.gguf.xz");
  EXPECT_TRUE(qwen->is_end(qwen->find("<|im_end|>")));
  EXPECT_TRUE(qwen->is_end(qwen->find("<|endoftext|>")));
  EXPECT_FALSE(qwen->is_end(qwen->find("</s>")));
  EXPECT_EQ(qwen->special().fim_pre, qwen->find("<|fim_prefix|>"));
  EXPECT_EQ(qwen->special().fim_suf, qwen->find("<|fim_suffix|>"));
  EXPECT_EQ(qwen->special().fim_mid, qwen->find("<|fim_middle|>"));
  const auto gemma = open_tokenizer(kData + "/tokenizer/gemma-3.gguf.xz");
  EXPECT_TRUE(gemma->is_end(gemma->find("<eos>")));
  EXPECT_TRUE(gemma->is_end(gemma->find("<end_of_turn>")));
  EXPECT_FALSE(gemma->is_end(gemma->find("</s>")));
}

// ---- users' text
// -----------------------------------------------------------------------------------

TEST(Tokenizer, UsersTextNeverBecomesAControlToken) {
  for (const char* file :
       {"/tokenizer/qwen2.5-coder.gguf.xz", "/tokenizer/gemma-3.gguf.xz",
        "/vocab/ggml-vocab-llama-spm.gguf.xz", "/vocab/ggml-vocab-llama-bpe.gguf.xz",
        "/vocab/ggml-vocab-gpt-2.gguf.xz", "/vocab/ggml-vocab-bert-bge.gguf.xz",
        "/tokenizer/zoo/t5.gguf", "/tokenizer/gemma4-small.gguf"}) {
    const auto tokenizer = open_tokenizer(kData + file);
    for (std::size_t i = 0; i < tokenizer->n_vocab(); ++i) {
      const auto token = static_cast<Token>(i);
      if (!tokenizer->is_control(token) || token == tokenizer->special().unk) continue;
      const std::string text(tokenizer->piece_with_special(token));
      const std::string half = text.substr(0, text.size() / 2), rest = text.substr(text.size() / 2);
      for (const auto& spans : {std::vector<TextSpan>{{text, true}},
                                {{half, false}, {rest, true}},
                                {{half, true}, {rest, false}},
                                {{"a", false}, {text, true}, {"b", false}}}) {
        for (const Token id : encode_spans(*tokenizer, spans)) {
          ASSERT_TRUE(!tokenizer->is_control(id) || id == tokenizer->special().unk)
              << file << ": " << text;
        }
      }
      ASSERT_EQ(encode_spans(*tokenizer, {{text, false}}).size(), 1u) << file << ": " << text;
    }
  }
}

TEST(Tokenizer, MergesRunAcrossTheBordersOfSpans) {
  for (const auto& tokenizer : {build(small_byte_level()), build(small_spm())}) {
    const auto whole = encode(*tokenizer, "hello world Hello world", kParsed);
    EXPECT_EQ(
        encode_spans(
            *tokenizer,
            {{"hel", true}, {"lo wo", false}, {"", true}, {"rld Hel", true}, {"lo world", false}}),
        whole);
  }
}

// ---- any bytes
// -------------------------------------------------------------------------------------

TEST(Tokenizer, TextThatIsNotUtf8ComesBackByteByByte) {
  const std::string text =
      "a\xFF\xE4\xBD b\x80\xF0\x9F\x99 \xC0\xAF end\0nul" + std::string(1, '\0');
  for (const auto& tokenizer : {build(small_byte_level()), build(small_spm())}) {
    EXPECT_EQ(decode(*tokenizer, encode(*tokenizer, text)), text);
  }
}

TEST(Tokenizer, UnknownCharactersAreOneUnknownTokenWithoutBytes) {
  SmallVocabulary vocabulary;
  vocabulary.model = "llama";
  vocabulary.add("<unk>", TokenType::kUnknown);
  const Token a = vocabulary.add("a");
  vocabulary.rest.ids.unk = 0;
  vocabulary.rest.add_space_prefix = false;
  const auto tokenizer = build(vocabulary);
  EXPECT_EQ(encode(*tokenizer,
                   "a\u4f60"
                   "a\xFF"),
            (std::vector<Token>{a, 0, a, 0}));
}

TEST(Tokenizer, MissingBytesWithoutAnUnknownTokenAreLeftOut) {
  SmallVocabulary vocabulary;
  vocabulary.model = "gpt2";
  vocabulary.pre = "qwen2";
  const Token a = vocabulary.add("a");
  vocabulary.merges = {"a a"};
  const auto tokenizer = build(vocabulary);
  EXPECT_EQ(encode(*tokenizer, "abca"), (std::vector<Token>{a, a}));
}

// ---- vocabularies that cannot be used
// --------------------------------------------------------------

TEST(TokenizerBuild, RefusesUnknownKindsByName) {
  SmallVocabulary vocabulary = small_byte_level();
  vocabulary.model = "rwkv";
  EXPECT_TRUE(contains(failure(vocabulary, StatusCode::kUnsupported), "rwkv"));
  vocabulary = small_byte_level();
  vocabulary.pre = "gpt-77";
  EXPECT_TRUE(contains(failure(vocabulary, StatusCode::kUnsupported), "gpt-77"));
}

TEST(TokenizerBuild, NamesMissingMerges) {
  SmallVocabulary vocabulary = small_byte_level();
  vocabulary.merges.clear();
  EXPECT_TRUE(contains(failure(vocabulary, StatusCode::kBadFile), "tokenizer.ggml.merges"));
}

TEST(TokenizerBuild, ReportsAllProblemsAtOnce) {
  SmallVocabulary vocabulary = small_spm();
  vocabulary.scores.pop_back();
  vocabulary.types.push_back(1);
  vocabulary.charsmap = "abc";
  const std::string message = failure(vocabulary, StatusCode::kBadFile);
  EXPECT_TRUE(contains(message, "scores")) << message;
  EXPECT_TRUE(contains(message, "token_type")) << message;
  EXPECT_TRUE(contains(message, "precompiled_charsmap")) << message;
}

TEST(TokenizerBuild, NamesEverySpecialIdOutsideTheVocabulary) {
  SmallVocabulary vocabulary = small_spm();
  vocabulary.rest.ids.bos = 100000;
  vocabulary.rest.ids.eot = -7;
  vocabulary.rest.ids.fim_pre = std::int64_t{1} << 40;
  const std::string message = failure(vocabulary, StatusCode::kBadFile);
  for (const char* part : {"bos_token_id is 100000", "eot_token_id is -7",
                           "fim_pre_token_id is 1099511627776", "has 278 tokens"}) {
    EXPECT_TRUE(contains(message, part)) << part << " in " << message;
  }
}

TEST(TokenizerBuild, TakesOddVocabulariesWithoutHarm) {
  SmallVocabulary vocabulary;
  vocabulary.model = "gpt2";
  vocabulary.pre = "llama-bpe";
  vocabulary.merges = {"",         " ", "  ", "a", "a b c", "x y", "a a", std::string(100000, 'q'),
                       "\xFF \xFE"};
  for (const char* text : {"", "", "a", "a", "aa", "\xFF\xFE", "<0x-1>", "<0xGG>"}) {
    vocabulary.add(text, TokenType::kByte);
    vocabulary.add(text, static_cast<TokenType>(77));
  }
  const auto tokenizer = build(vocabulary);
  EXPECT_EQ(decode(*tokenizer, encode(*tokenizer, "aaa")), "aaa");
  SmallVocabulary empty;
  empty.model = "bert";
  EXPECT_TRUE(contains(failure(empty, StatusCode::kBadFile), "tokenizer.ggml.tokens"));
}

TEST(TokenizerBuild, AssumesTypesWhereTheFileHasNone) {
  SmallVocabulary vocabulary = small_spm();
  vocabulary.types.clear();
  const auto tokenizer = build(vocabulary);
  const std::string text = "Hello \u4f60";
  EXPECT_EQ(decode(*tokenizer, encode(*tokenizer, text)), text);
}

}  // namespace
}  // namespace minnow
