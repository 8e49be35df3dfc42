// VocabularySource: what a model file says about its vocabulary, as views. Whoever reads the file
// fills it; Tokenizer::build copies what it needs, so the views must live only until build returns.
// The comments name the GGUF keys; nothing here depends on GGUF.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/token.hpp"

namespace minnow {

// Values of tokenizer.ggml.token_type. Others are taken as kNormal.
enum class TokenType : std::int32_t {
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,
  kUserDefined = 4,
  kUnused = 5,
  kByte = 6,
};

// Ids that a file gives by key ("tokenizer.ggml.bos_token_id" and so on); kNoToken where the key is
// absent. They come from a file: build checks them against the vocabulary.
struct SpecialIds {
  std::int64_t bos = kNoToken;      // bos_token_id; BERT's [CLS]
  std::int64_t eos = kNoToken;      // eos_token_id
  std::int64_t eot = kNoToken;      // eot_token_id, end of a turn
  std::int64_t eom = kNoToken;      // eom_token_id, end of a message
  std::int64_t unk = kNoToken;      // unknown_token_id
  std::int64_t sep = kNoToken;      // seperator_token_id (so spelt in files)
  std::int64_t pad = kNoToken;      // padding_token_id
  std::int64_t cls = kNoToken;      // cls_token_id
  std::int64_t mask = kNoToken;     // mask_token_id
  std::int64_t fim_pre = kNoToken;  // fim_pre_token_id, or prefix_token_id
  std::int64_t fim_suf = kNoToken;  // fim_suf_token_id, or suffix_token_id
  std::int64_t fim_mid = kNoToken;  // fim_mid_token_id, or middle_token_id
  std::int64_t fim_pad = kNoToken;  // fim_pad_token_id
  std::int64_t fim_rep = kNoToken;  // fim_rep_token_id, a repository's name follows
  std::int64_t fim_sep = kNoToken;  // fim_sep_token_id, between files
};

struct VocabularySource {
  std::string_view model;                    // tokenizer.ggml.model
  std::string_view pre;                      // tokenizer.ggml.pre, "" when absent
  std::span<const std::string_view> tokens;  // [n_vocab] tokenizer.ggml.tokens
  std::span<const float> scores;             // [n_vocab] or empty
  std::span<const std::int32_t> types;       // [n_vocab] TokenType, or empty
  std::span<const std::string_view> merges;  // [n_merges] "left right", or empty
  std::string_view precompiled_charsmap;     // bytes, or empty
  SpecialIds ids;

  // Absent means the default of the model kind (models.inc, pre_tokenizers.inc).
  std::optional<bool> add_bos;                   // add_bos_token
  std::optional<bool> add_eos;                   // add_eos_token
  std::optional<bool> add_space_prefix;          // add_space_prefix
  std::optional<bool> remove_extra_whitespaces;  // remove_extra_whitespaces
  std::optional<bool> lowercase;                 // normalizer.lowercase (BERT)
  std::optional<bool> strip_accents;             // normalizer.strip_accents (BERT)
};

}  // namespace minnow
