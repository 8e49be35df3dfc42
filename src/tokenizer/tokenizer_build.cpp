// Building a tokenizer from what a file says. All checks of the source stand here: nothing below
// looks at it again.
#include <algorithm>
#include <cstring>
#include <string>

#include "base/join.hpp"
#include "base/quoted.hpp"
#include "tokenizer/merge_reader.hpp"
#include "tokenizer/special_tokens.hpp"
#include "tokenizer/tokenizer.hpp"

namespace minnow {
namespace {

#define MINNOW_TOKENIZER_MODEL(...) {__VA_ARGS__},
constexpr TokenizerModel kModels[] = {
#include "tokenizer/models.inc"
};
#undef MINNOW_TOKENIZER_MODEL

// The offsets of the vocabulary's blob are 32 bits wide; real ones are below 4 MB.
constexpr std::size_t kMaxVocabularyBytes = std::size_t{1} << 30;
constexpr std::size_t kMaxTokens = std::size_t{1} << 26;

Status find_model(const VocabularySource& source, const TokenizerModel** out) {
  std::string known;
  for (const TokenizerModel& model : kModels) {
    if (model.name == source.model) {
      *out = &model;
      return {};
    }
    append_piece(known, join(known.empty() ? "" : ", ", model.name));
  }
  return error(StatusCode::kUnsupported, "tokenizer.ggml.model ", in_quotes(source.model),
               " is not known; known are ", known);
}

void check_length(const char* key, std::size_t n, std::size_t n_tokens, std::string* problems) {
  if (n == n_tokens) return;
  append_piece(*problems,
               join("\n  tokenizer.ggml.", key, " has ", n, " entries for ", n_tokens, " tokens"));
}

// Checks that need no vocabulary yet. Appends a line for each problem.
void check_arrays(const VocabularySource& source, const TokenizerModel& model,
                  std::string* problems) {
  const std::size_t n = source.tokens.size();
  if (n == 0)
    append_piece(*problems, std::string_view("\n  tokenizer.ggml.tokens is missing or empty"));
  if (n > kMaxTokens) {
    append_piece(*problems, join("\n  tokenizer.ggml.tokens has ", n, " tokens; at most ",
                                 kMaxTokens, " are taken"));
  }
  std::size_t n_bytes = 0;
  for (const std::string_view token : source.tokens) {
    n_bytes += std::min(token.size(), kMaxVocabularyBytes);
  }
  if (n_bytes > kMaxVocabularyBytes) {
    append_piece(*problems, join("\n  tokenizer.ggml.tokens holds more than ", kMaxVocabularyBytes,
                                 " bytes of text"));
  }
  if (!source.scores.empty() || model.needs_scores) {
    check_length("scores", source.scores.size(), n, problems);
  }
  if (!source.types.empty()) check_length("token_type", source.types.size(), n, problems);
  if (model.needs_merges && source.merges.empty()) {
    append_piece(*problems, join("\n  tokenizer.ggml.merges is missing: a vocabulary of model '",
                                 model.name, "' cannot be used without its merges"));
  }
  if (source.merges.size() > kMaxTokens) {
    append_piece(*problems, join("\n  tokenizer.ggml.merges has ", source.merges.size(),
                                 " entries; at most ", kMaxTokens, " are taken"));
  }
}

void build_text_tables(TokenizerParts* parts) {
  const Vocabulary& vocabulary = parts->vocabulary;
  float lowest = 0.0f;
  for (std::size_t i = 0; i < vocabulary.n_tokens(); ++i) {
    const auto token = static_cast<Token>(i);
    const std::string_view text = vocabulary.text(token);
    if (text.empty()) continue;
    const TokenType type = vocabulary.type(token);
    const bool control = type == TokenType::kControl || type == TokenType::kUnknown;
    if (control || type == TokenType::kUserDefined) parts->special_texts.insert(text, token);
    if (control || type == TokenType::kByte) continue;
    if (parts->model->chunks_by_neighbours) parts->neighbours.add(text);
    if (parts->model->needs_piece_trie) parts->pieces.insert(text, token);
    if (type == TokenType::kNormal) lowest = std::min(lowest, vocabulary.score(token));
  }
  // As SentencePiece has it: an unknown character costs 10 more than the least probable piece.
  parts->unknown_score = lowest - 10.0f;
}

void set_switches(const VocabularySource& source, TokenizerParts* parts) {
  const TokenizerModel& model = *parts->model;
  const bool pre_adds_bos = model.has_pre_tokenizer && parts->pre->add_bos;
  parts->add_bos = source.add_bos.value_or(model.add_bos || pre_adds_bos);
  if (model.ignores_add_bos) parts->add_bos = model.add_bos;
  parts->add_eos = source.add_eos.value_or(model.add_eos);
  // Byte-level models put no space in front, whatever the file says.
  parts->add_space_prefix = model.form != PieceForm::kByteLevel &&
                            source.add_space_prefix.value_or(model.add_space_prefix);
  parts->remove_extra_whitespaces = source.remove_extra_whitespaces.value_or(false);
  parts->lowercase = source.lowercase.value_or(true);
  parts->strip_accents = source.strip_accents.value_or(parts->lowercase);
}

}  // namespace

Status Tokenizer::build(const VocabularySource& source, std::pmr::memory_resource* memory,
                        std::unique_ptr<const Tokenizer>* out) {
  const TokenizerModel* model = nullptr;
  MINNOW_TRY(find_model(source, &model));
  const PreTokenizer* pre = nullptr;
  if (model->has_pre_tokenizer) {
    pre = find_pre_tokenizer(source.pre);
    if (pre == nullptr) {
      return error(StatusCode::kUnsupported, "tokenizer.ggml.pre ", in_quotes(source.pre),
                   " is not a pre-tokenizer that minnow knows");
    }
  }
  std::string problems;
  check_arrays(source, *model, &problems);
  std::unique_ptr<Tokenizer> made(new Tokenizer(memory));
  TokenizerParts& parts = made->parts_;
  parts.model = model;
  parts.pre = pre;
  if (problems.empty()) parts.vocabulary.build(source, model->form);
  if (problems.empty()) resolve_special_ids(source.ids, &parts, &problems);
  const Status map = parts.charsmap.build(source.precompiled_charsmap);
  if (!map.ok()) append_piece(problems, join("\n  ", map.message()));
  if (!problems.empty()) {
    return error(StatusCode::kBadFile, "the vocabulary cannot be used:", problems);
  }
  if (model->needs_merges) read_merges(source.merges, parts.vocabulary, model->form, &parts.merges);
  build_text_tables(&parts);
  set_switches(source, &parts);
  find_well_known_tokens(&parts);
  *out = std::move(made);
  return {};
}

}  // namespace minnow
