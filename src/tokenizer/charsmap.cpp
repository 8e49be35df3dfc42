// Reading and walking the precompiled normaliser.
#include "tokenizer/charsmap.hpp"

#include <cstring>

namespace minnow {
namespace {

// Those of the published maps are below 40 bytes. With kMaxMatchBytes this keeps a hostile map from
// making normalisation quadratic or the text explode.
constexpr std::size_t kMaxReplacementBytes = 256;

std::uint32_t read_u32(const char* at) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(at);
  return static_cast<std::uint32_t>(bytes[0]) | static_cast<std::uint32_t>(bytes[1]) << 8 |
         static_cast<std::uint32_t>(bytes[2]) << 16 | static_cast<std::uint32_t>(bytes[3]) << 24;
}

// Fields of a unit of the double array.
std::uint32_t child_base(std::uint32_t unit) {
  return unit >> 10 << ((unit & (1u << 9)) >> 6);
}
std::uint32_t label(std::uint32_t unit) {
  return unit & (1u << 31 | 0xFFu);
}
bool has_value(std::uint32_t unit) {
  return (unit >> 8 & 1u) != 0;
}
std::uint32_t value(std::uint32_t unit) {
  return unit & ~(1u << 31);
}

}  // namespace

Status Charsmap::build(std::string_view bytes) {
  constexpr std::string_view kName = "tokenizer.ggml.precompiled_charsmap: ";
  if (bytes.empty()) return {};
  if (bytes.size() < 4) {
    return error(StatusCode::kBadFile, kName, bytes.size(), " bytes are too few for its header");
  }
  const std::size_t n_trie_bytes = read_u32(bytes.data());
  const std::size_t n_rest = bytes.size() - 4;
  if (n_trie_bytes % 4 != 0 || n_trie_bytes > n_rest) {
    return error(StatusCode::kBadFile, kName, "a trie of ", n_trie_bytes, " bytes does not fit ",
                 n_rest, " bytes");
  }
  const std::string_view texts = bytes.substr(4 + n_trie_bytes);
  if (!texts.empty() && texts.back() != '\0') {
    return error(StatusCode::kBadFile, kName, "the last replacement has no end");
  }
  for (std::size_t from = 0; from < texts.size();) {
    const std::size_t end = texts.find('\0', from);
    if (end - from > kMaxReplacementBytes) {
      return error(StatusCode::kBadFile, kName, "a replacement of ", end - from, " bytes; at most ",
                   kMaxReplacementBytes, " are taken");
    }
    from = end + 1;
  }
  units_.resize(n_trie_bytes / 4);
  for (std::size_t i = 0; i < units_.size(); ++i) units_[i] = read_u32(bytes.data() + 4 + i * 4);
  replacements_.assign(texts.begin(), texts.end());
  return {};
}

std::size_t Charsmap::match(std::string_view text, std::string_view* replacement) const {
  if (units_.empty()) return 0;
  std::size_t longest = 0;
  std::uint32_t node = child_base(units_[0]);
  const std::size_t limit = text.size() < kMaxMatchBytes ? text.size() : kMaxMatchBytes;
  for (std::size_t i = 0; i < limit; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == 0) break;
    node ^= byte;
    if (node >= units_.size() || label(units_[node]) != byte) break;
    const std::uint32_t unit = units_[node];
    node ^= child_base(unit);
    if (!has_value(unit) || node >= units_.size()) continue;
    const std::size_t from = value(units_[node]);
    if (from >= replacements_.size()) continue;
    longest = i + 1;
    *replacement = {replacements_.data() + from, std::strlen(replacements_.data() + from)};
  }
  return longest;
}

}  // namespace minnow
