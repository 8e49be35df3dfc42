#include "runtime/read_vocabulary.hpp"

#include <optional>
#include <string>
#include <vector>

#include "base/join.hpp"
#include "tokenizer/tokenizer.hpp"
#include "tokenizer/vocabulary_source.hpp"

namespace minnow {

namespace {

// Reads tokenizer.ggml.* keys; what is absent keeps its default, what is of the wrong kind is
// noted.
class VocabularyReader {
 public:
  explicit VocabularyReader(const Gguf& gguf) : gguf_(gguf) {}

  void text(const char* name, std::string_view& out) { note(gguf_.get_string(key(name), out)); }
  void id(const char* name, std::int64_t& out) { note(gguf_.get_i64(key(name), out)); }
  void flag(const char* name, std::optional<bool>& out) {
    bool value = false;
    const Status status = gguf_.get_bool(key(name), value);
    if (status.ok())
      out = value;
    else
      note(status);
  }
  void strings(const char* name, std::pmr::vector<std::string_view>& out) {
    note(gguf_.get_strings(key(name), out));
  }
  void floats(const char* name, std::pmr::vector<float>& out) {
    GgufFloats values;
    note(gguf_.get_floats(key(name), values));
    out.resize(values.size());
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = values[i];
  }
  void integers(const char* name, std::pmr::vector<std::int32_t>& out) {
    GgufIntegers values;
    note(gguf_.get_integers(key(name), values));
    out.resize(values.size());
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::int32_t>(values[i]);
  }
  // An array of bytes: a view into the file.
  void bytes(const char* name, std::string_view& out) {
    const GgufValue* value = gguf_.find(key(name));
    if (value == nullptr) return;
    const bool is_bytes =
        value->type == GgufType::kArray &&
        (value->element_type == GgufType::kUint8 || value->element_type == GgufType::kInt8);
    if (is_bytes)
      out = value->payload;
    else
      note(error(StatusCode::kBadFile, "'", key(name), "' is not an array of bytes"));
  }

  Status status() const {
    if (problems_.empty()) return {};
    return error(StatusCode::kBadFile, "'", gguf_.file_name(), "': ", problems_);
  }

 private:
  static std::string key(const char* name) { return join("tokenizer.", name); }
  void note(const Status& status) {
    if (status.ok() || status.code() == StatusCode::kNotFound) return;
    if (!problems_.empty()) problems_ += "; ";
    problems_ += status.message();
  }

  const Gguf& gguf_;
  std::string problems_;
};

void read_ids(VocabularyReader& reader, SpecialIds& ids) {
  reader.id("ggml.bos_token_id", ids.bos);
  reader.id("ggml.eos_token_id", ids.eos);
  reader.id("ggml.eot_token_id", ids.eot);
  reader.id("ggml.eom_token_id", ids.eom);
  reader.id("ggml.unknown_token_id", ids.unk);
  reader.id("ggml.seperator_token_id", ids.sep);
  reader.id("ggml.padding_token_id", ids.pad);
  reader.id("ggml.cls_token_id", ids.cls);
  reader.id("ggml.mask_token_id", ids.mask);
  // Older files have their own names for the three of fill-in-the-middle; the newer ones win.
  reader.id("ggml.prefix_token_id", ids.fim_pre);
  reader.id("ggml.suffix_token_id", ids.fim_suf);
  reader.id("ggml.middle_token_id", ids.fim_mid);
  reader.id("ggml.fim_pre_token_id", ids.fim_pre);
  reader.id("ggml.fim_suf_token_id", ids.fim_suf);
  reader.id("ggml.fim_mid_token_id", ids.fim_mid);
  reader.id("ggml.fim_pad_token_id", ids.fim_pad);
  reader.id("ggml.fim_rep_token_id", ids.fim_rep);
  reader.id("ggml.fim_sep_token_id", ids.fim_sep);
}

}  // namespace

Status build_tokenizer(const Gguf& gguf, std::int32_t n_vocab, std::pmr::memory_resource* memory,
                       std::unique_ptr<const Tokenizer>& out) {
  VocabularyReader reader(gguf);
  VocabularySource source;
  std::pmr::vector<std::string_view> tokens(memory);
  std::pmr::vector<std::string_view> merges(memory);
  std::pmr::vector<float> scores(memory);
  std::pmr::vector<std::int32_t> types(memory);
  reader.text("ggml.model", source.model);
  reader.text("ggml.pre", source.pre);
  reader.strings("ggml.tokens", tokens);
  reader.strings("ggml.merges", merges);
  reader.floats("ggml.scores", scores);
  reader.integers("ggml.token_type", types);
  reader.bytes("ggml.precompiled_charsmap", source.precompiled_charsmap);
  read_ids(reader, source.ids);
  reader.flag("ggml.add_bos_token", source.add_bos);
  reader.flag("ggml.add_eos_token", source.add_eos);
  reader.flag("ggml.add_space_prefix", source.add_space_prefix);
  reader.flag("ggml.remove_extra_whitespaces", source.remove_extra_whitespaces);
  reader.flag("ggml.normalizer.lowercase", source.lowercase);
  reader.flag("ggml.normalizer.strip_accents", source.strip_accents);
  MINNOW_TRY(reader.status());
  if (tokens.size() > static_cast<std::size_t>(n_vocab))
    return error(StatusCode::kBadFile, "'", gguf.file_name(), "': the vocabulary has ",
                 tokens.size(), " tokens, the token embedding only ", n_vocab, " rows");
  source.tokens = tokens;
  source.merges = merges;
  source.scores = scores;
  source.types = types;
  return Tokenizer::build(source, memory, &out);
}

}  // namespace minnow
