// Special ids from the file, and those that are only known by their texts.
#include "tokenizer/special_tokens.hpp"

#include <algorithm>
#include <initializer_list>

#include "base/join.hpp"

namespace minnow {
namespace {

struct IdKey {
  const char* key;
  std::int64_t SpecialIds::*given;
  Token SpecialTokens::*resolved;
  Token TokenizerModel::*assumed;  // nullptr: no default
};

constexpr IdKey kIdKeys[] = {
    {"bos_token_id", &SpecialIds::bos, &SpecialTokens::bos, &TokenizerModel::bos},
    {"eos_token_id", &SpecialIds::eos, &SpecialTokens::eos, &TokenizerModel::eos},
    {"eot_token_id", &SpecialIds::eot, &SpecialTokens::eot, nullptr},
    {"eom_token_id", &SpecialIds::eom, &SpecialTokens::eom, nullptr},
    {"unknown_token_id", &SpecialIds::unk, &SpecialTokens::unk, &TokenizerModel::unk},
    {"seperator_token_id", &SpecialIds::sep, &SpecialTokens::sep, &TokenizerModel::sep},
    {"padding_token_id", &SpecialIds::pad, &SpecialTokens::pad, &TokenizerModel::pad},
    {"cls_token_id", &SpecialIds::cls, &SpecialTokens::cls, nullptr},
    {"mask_token_id", &SpecialIds::mask, &SpecialTokens::mask, &TokenizerModel::mask},
    {"fim_pre_token_id", &SpecialIds::fim_pre, &SpecialTokens::fim_pre, nullptr},
    {"fim_suf_token_id", &SpecialIds::fim_suf, &SpecialTokens::fim_suf, nullptr},
    {"fim_mid_token_id", &SpecialIds::fim_mid, &SpecialTokens::fim_mid, nullptr},
    {"fim_pad_token_id", &SpecialIds::fim_pad, &SpecialTokens::fim_pad, nullptr},
    {"fim_rep_token_id", &SpecialIds::fim_rep, &SpecialTokens::fim_rep, nullptr},
    {"fim_sep_token_id", &SpecialIds::fim_sep, &SpecialTokens::fim_sep, nullptr},
};

// Texts by which tokens are known, with the member they fill when the file does not. Only control
// tokens count, so that an ordinary piece of the same text ("</s>" in Qwen's vocabulary) stays
// ordinary; `sure` texts mean nothing else and also count when marked as user-defined.
struct KnownText {
  std::string_view text;
  Token SpecialTokens::*member;  // nullptr: only ends a generation
  bool ends;
  bool sure;
};

constexpr KnownText kKnownTexts[] = {
    {"<|eot_id|>", &SpecialTokens::eot, true, true},
    {"<|im_end|>", &SpecialTokens::eot, true, true},
    {"<|end|>", &SpecialTokens::eot, true, true},
    {"<end_of_turn>", &SpecialTokens::eot, true, true},
    {"<turn|>", &SpecialTokens::eot, true, true},
    {"<|endoftext|>", &SpecialTokens::eot, true, true},
    {"<|end_of_text|>", &SpecialTokens::eot, true, true},
    {"<EOT>", &SpecialTokens::eot, true, false},
    {"_<EOT>", &SpecialTokens::eot, true, false},
    {"[EOT]", &SpecialTokens::eot, true, false},
    {"<\xEF\xBD\x9C"
     "end\xE2\x96\x81of\xE2\x96\x81sentence\xEF\xBD\x9C>",
     &SpecialTokens::eot, true, true},
    {"<end_of_utterance>", &SpecialTokens::eot, true, true},
    {"<|eom_id|>", &SpecialTokens::eom, true, true},
    {"<|return|>", nullptr, true, false},
    {"<|call|>", nullptr, true, false},
    {"<|calls|>", nullptr, true, false},
    {"<|flush|>", nullptr, true, false},
    {"<|tool_response>", nullptr, true, false},
    {"</s>", nullptr, true, false},
    {"<eos>", nullptr, true, false},
    {"[EOS]", nullptr, true, false},
    {"[e~[", nullptr, true, false},
    {"<|fim_prefix|>", &SpecialTokens::fim_pre, false, true},
    {"<fim-prefix>", &SpecialTokens::fim_pre, false, true},
    {"<fim_prefix>", &SpecialTokens::fim_pre, false, true},
    {"<PRE>", &SpecialTokens::fim_pre, false, false},
    {"\xE2\x96\x81<PRE>", &SpecialTokens::fim_pre, false, false},
    {"<|code_prefix|>", &SpecialTokens::fim_pre, false, true},
    {"<\xEF\xBD\x9C"
     "fim\xE2\x96\x81"
     "begin\xEF\xBD\x9C>",
     &SpecialTokens::fim_pre, false, true},
    {"<|fim_suffix|>", &SpecialTokens::fim_suf, false, true},
    {"<fim-suffix>", &SpecialTokens::fim_suf, false, true},
    {"<fim_suffix>", &SpecialTokens::fim_suf, false, true},
    {"<SUF>", &SpecialTokens::fim_suf, false, false},
    {"\xE2\x96\x81<SUF>", &SpecialTokens::fim_suf, false, false},
    {"<|code_suffix|>", &SpecialTokens::fim_suf, false, true},
    {"<\xEF\xBD\x9C"
     "fim\xE2\x96\x81hole\xEF\xBD\x9C>",
     &SpecialTokens::fim_suf, false, true},
    {"<|fim_middle|>", &SpecialTokens::fim_mid, false, true},
    {"<fim-middle>", &SpecialTokens::fim_mid, false, true},
    {"<fim_middle>", &SpecialTokens::fim_mid, false, true},
    {"<MID>", &SpecialTokens::fim_mid, false, false},
    {"\xE2\x96\x81<MID>", &SpecialTokens::fim_mid, false, false},
    {"<|code_middle|>", &SpecialTokens::fim_mid, false, true},
    {"<\xEF\xBD\x9C"
     "fim\xE2\x96\x81"
     "end\xEF\xBD\x9C>",
     &SpecialTokens::fim_mid, false, true},
    {"<|fim_pad|>", &SpecialTokens::fim_pad, true, true},
    {"<fim-pad>", &SpecialTokens::fim_pad, true, true},
    {"<fim_pad>", &SpecialTokens::fim_pad, true, true},
    {"<|fim_repo|>", &SpecialTokens::fim_rep, true, true},
    {"<|repo_name|>", &SpecialTokens::fim_rep, true, true},
    {"<fim-repo>", &SpecialTokens::fim_rep, true, true},
    {"<reponame>", &SpecialTokens::fim_rep, true, false},
    {"<|file_sep|>", &SpecialTokens::fim_sep, true, true},
};

Token find_special(const TokenizerParts& parts, std::string_view text) {
  TextTrie::Node node = TextTrie::kRoot;
  for (const char c : text) {
    node = parts.special_texts.child(node, static_cast<unsigned char>(c));
    if (node == TextTrie::kNoNode) return kNoToken;
  }
  return parts.special_texts.token(node);
}

void drop(Token token, std::pmr::vector<Token>* tokens) {
  tokens->erase(std::remove(tokens->begin(), tokens->end(), token), tokens->end());
}

}  // namespace

void resolve_special_ids(const SpecialIds& ids, TokenizerParts* parts, std::string* problems) {
  const auto n_vocab = static_cast<std::int64_t>(parts->vocabulary.n_tokens());
  for (const IdKey& key : kIdKeys) {
    const std::int64_t given = ids.*key.given;
    if (given == kNoToken) {
      const Token assumed = key.assumed == nullptr ? kNoToken : parts->model->*key.assumed;
      if (parts->vocabulary.has(assumed)) parts->special.*key.resolved = assumed;
    } else if (given < 0 || given >= n_vocab) {
      append_piece(*problems, join("\n  tokenizer.ggml.", key.key, " is ", given,
                                   ", but the vocabulary has ", n_vocab, " tokens"));
    } else {
      parts->special.*key.resolved = static_cast<Token>(given);
    }
  }
}

void find_well_known_tokens(TokenizerParts* parts) {
  SpecialTokens& special = parts->special;
  auto& ends = parts->end_tokens;
  for (const KnownText& known : kKnownTexts) {
    const Token token = find_special(*parts, known.text);
    if (token == kNoToken) continue;
    const TokenType type = parts->vocabulary.type(token);
    if (type != TokenType::kControl && !(known.sure && type == TokenType::kUserDefined)) continue;
    if (known.member != nullptr && special.*known.member == kNoToken) special.*known.member = token;
    if (known.ends) ends.push_back(token);
  }
  for (const Token token :
       {special.eos, special.eot, special.eom, special.fim_pad, special.fim_rep, special.fim_sep}) {
    if (token != kNoToken) ends.push_back(token);
  }
  std::sort(ends.begin(), ends.end());
  ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
  // Where channels are part of an answer, "<|end|>" closes a channel and not the answer.
  const auto has_end = [&](std::string_view text) {
    const Token token = find_special(*parts, text);
    return token != kNoToken && std::binary_search(ends.begin(), ends.end(), token);
  };
  const bool calls = has_end("<|call|>") || has_end("<|calls|>");
  if (calls && (has_end("<|return|>") || has_end("<|flush|>"))) {
    const Token channel_end = find_special(*parts, "<|end|>");
    drop(channel_end, &ends);
    if (special.eot == channel_end) special.eot = kNoToken;
  }
}

}  // namespace minnow
