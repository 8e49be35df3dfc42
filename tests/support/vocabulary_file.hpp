// VocabularyFile: the tokenizer part of a GGUF file, for tests of the tokenizer alone, which knows
// nothing of files. Reads trusted test data; the library's own reader is io/gguf.hpp.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/streaming_detokenizer.hpp"
#include "tokenizer/tokenizer.hpp"
#include "tokenizer/vocabulary_source.hpp"

namespace minnow::testing {

struct VocabularyFile {
  std::string bytes;
  std::vector<std::string_view> tokens;
  std::vector<float> scores;
  std::vector<std::int32_t> types;
  std::vector<std::string_view> merges;
  std::string charsmap;
  VocabularySource source;  // views into the members above
};

// Reads `path`, which is a GGUF file or, ending in .xz, a compressed one. Throws std::runtime_error
// when it cannot be read.
std::unique_ptr<VocabularyFile> read_vocabulary(const std::string& path);

// Reads and builds; throws std::runtime_error with the status' message when that fails.
std::unique_ptr<const Tokenizer> open_tokenizer(const std::string& path);

// Shorthand for tests.
std::vector<Token> encode(const Tokenizer& tokenizer, std::string_view text,
                          EncodeOptions options = {false, false});
std::string decode(const Tokenizer& tokenizer, const std::vector<Token>& tokens,
                   DetokenizeOptions options = {true, true});

}  // namespace minnow::testing
