// Reading the tokenizer keys of a GGUF file, compressed or not.
#include "support/vocabulary_file.hpp"

#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace minnow::testing {
namespace {

std::string read_all(const std::string& path) {
  if (path.size() < 3 || path.substr(path.size() - 3) != ".xz") {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error("cannot read " + path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::FILE* pipe = popen(("xz -dc '" + path + "'").c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot run xz");
  std::string bytes;
  char buffer[1 << 16];
  while (const std::size_t n = std::fread(buffer, 1, sizeof buffer, pipe)) bytes.append(buffer, n);
  if (pclose(pipe) != 0 || bytes.empty()) throw std::runtime_error("cannot unpack " + path);
  return bytes;
}

// Walks the metadata from front to back.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  template <class T>
  T number() {
    if (bytes_.size() - at_ < sizeof(T)) throw std::runtime_error("the file ends early");
    T value;
    std::memcpy(&value, bytes_.data() + at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  std::string_view text() {
    const auto n = static_cast<std::size_t>(number<std::uint64_t>());
    if (bytes_.size() - at_ < n) throw std::runtime_error("the file ends early");
    at_ += n;
    return bytes_.substr(at_ - n, n);
  }
  // A whole number or truth value of any width.
  std::int64_t integer(std::uint32_t type) {
    switch (type) {
      case 0:
        return number<std::uint8_t>();
      case 1:
        return number<std::int8_t>();
      case 2:
        return number<std::uint16_t>();
      case 3:
        return number<std::int16_t>();
      case 4:
        return number<std::uint32_t>();
      case 5:
        return number<std::int32_t>();
      case 6:
        number<float>();
        return 0;
      case 7:
        return number<std::uint8_t>();
      case 10:
        return static_cast<std::int64_t>(number<std::uint64_t>());
      case 11:
        return number<std::int64_t>();
      case 12:
        number<double>();
        return 0;
      default:
        throw std::runtime_error("unknown value type");
    }
  }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
};

void read_array(Reader& reader, std::string_view key, VocabularyFile* file) {
  const auto type = reader.number<std::uint32_t>();
  const auto n = static_cast<std::size_t>(reader.number<std::uint64_t>());
  std::string small;
  for (std::size_t i = 0; i < n; ++i) {
    if (type == 8) {
      const std::string_view text = reader.text();
      if (key == "tokenizer.ggml.tokens") file->tokens.push_back(text);
      if (key == "tokenizer.ggml.merges") file->merges.push_back(text);
    } else if (type == 6) {
      const float value = reader.number<float>();
      if (key == "tokenizer.ggml.scores") file->scores.push_back(value);
    } else {
      const std::int64_t value = reader.integer(type);
      if (key == "tokenizer.ggml.token_type")
        file->types.push_back(static_cast<std::int32_t>(value));
      if (key == "tokenizer.ggml.precompiled_charsmap") small.push_back(static_cast<char>(value));
    }
  }
  if (!small.empty()) file->charsmap = small;
}

void set_integer(std::string_view key, std::int64_t value, VocabularySource* source) {
  struct Id {
    std::string_view key;
    std::int64_t SpecialIds::*member;
  };
  constexpr Id kIds[] = {
      {"bos_token_id", &SpecialIds::bos},         {"eos_token_id", &SpecialIds::eos},
      {"eot_token_id", &SpecialIds::eot},         {"eom_token_id", &SpecialIds::eom},
      {"unknown_token_id", &SpecialIds::unk},     {"seperator_token_id", &SpecialIds::sep},
      {"padding_token_id", &SpecialIds::pad},     {"cls_token_id", &SpecialIds::cls},
      {"mask_token_id", &SpecialIds::mask},       {"fim_pre_token_id", &SpecialIds::fim_pre},
      {"fim_suf_token_id", &SpecialIds::fim_suf}, {"fim_mid_token_id", &SpecialIds::fim_mid},
  };
  struct Switch {
    std::string_view key;
    std::optional<bool> VocabularySource::*member;
  };
  constexpr Switch kSwitches[] = {
      {"add_bos_token", &VocabularySource::add_bos},
      {"add_eos_token", &VocabularySource::add_eos},
      {"add_space_prefix", &VocabularySource::add_space_prefix},
      {"remove_extra_whitespaces", &VocabularySource::remove_extra_whitespaces},
      {"normalizer.lowercase", &VocabularySource::lowercase},
      {"normalizer.strip_accents", &VocabularySource::strip_accents},
  };
  for (const Id& id : kIds) {
    if (key == id.key) source->ids.*id.member = value;
  }
  for (const Switch& s : kSwitches) {
    if (key == s.key) source->*s.member = value != 0;
  }
}

void read_metadata(VocabularyFile* file) {
  constexpr std::string_view kPrefix = "tokenizer.ggml.";
  Reader reader(file->bytes);
  if (reader.number<std::uint32_t>() != 0x46554747) throw std::runtime_error("not a GGUF file");
  reader.number<std::uint32_t>();
  reader.number<std::uint64_t>();
  const auto n_keys = reader.number<std::uint64_t>();
  for (std::uint64_t i = 0; i < n_keys; ++i) {
    const std::string_view key = reader.text();
    const auto type = reader.number<std::uint32_t>();
    if (type == 8) {
      const std::string_view value = reader.text();
      if (key == "tokenizer.ggml.model") file->source.model = value;
      if (key == "tokenizer.ggml.pre") file->source.pre = value;
    } else if (type == 9) {
      read_array(reader, key, file);
    } else {
      const std::int64_t value = reader.integer(type);
      if (key.substr(0, kPrefix.size()) == kPrefix) {
        set_integer(key.substr(kPrefix.size()), value, &file->source);
      }
    }
  }
}

}  // namespace

std::unique_ptr<VocabularyFile> read_vocabulary(const std::string& path) {
  auto file = std::make_unique<VocabularyFile>();
  file->bytes = read_all(path);
  read_metadata(file.get());
  file->source.tokens = file->tokens;
  file->source.scores = file->scores;
  file->source.types = file->types;
  file->source.merges = file->merges;
  file->source.precompiled_charsmap = file->charsmap;
  return file;
}

std::unique_ptr<const Tokenizer> open_tokenizer(const std::string& path) {
  const auto file = read_vocabulary(path);
  std::unique_ptr<const Tokenizer> made;
  const Status status = Tokenizer::build(file->source, std::pmr::new_delete_resource(), &made);
  if (!status.ok()) throw std::runtime_error(path + ": " + status.message());
  return made;
}

std::vector<Token> encode(const Tokenizer& tokenizer, std::string_view text,
                          EncodeOptions options) {
  std::pmr::vector<Token> ids;
  const Status status = tokenizer.encode(text, options, &ids);
  if (!status.ok()) throw std::runtime_error(status.message());
  return {ids.begin(), ids.end()};
}

std::string decode(const Tokenizer& tokenizer, const std::vector<Token>& tokens,
                   DetokenizeOptions options) {
  std::pmr::vector<char> bytes;
  decode_bytes(tokenizer, tokens, options, &bytes);
  return {bytes.begin(), bytes.end()};
}

}  // namespace minnow::testing
