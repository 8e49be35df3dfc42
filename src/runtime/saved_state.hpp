// The front of a saved session's file: a fixed header and a block of everything but keys and
// values, with reading (of untrusted bytes) and writing.
//
//   header   "minnow\x01\n", format version, arithmetic version, fingerprint, bytes of the block
//            and of the file: 64 bytes
//   block    model's name, kind of cache, adapters, tokens, last state, sampler, messages, chunks
//   chunks   for each layer, KV head and chunk: keys, values
//   trailer  SHA-256 of everything before
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/sha256.hpp"
#include "base/status.hpp"
#include "base/token.hpp"
#include "runtime/chat.hpp"
#include "runtime/session_state.hpp"
#include "sampling/sampler.hpp"

namespace minnow {

inline constexpr std::uint32_t kStateVersion = 2;
inline constexpr std::size_t kStateHeaderBytes = 64;

struct StateHeader {
  std::uint32_t version = kStateVersion;
  std::uint32_t arithmetic = 0;
  Sha256Digest fingerprint{};  // of the model
  std::uint64_t block_bytes = 0;
  std::uint64_t file_bytes = 0;
};

struct SavedAdapter {
  Sha256Digest fingerprint{};
  float scale = 0;
  std::string name;
};

struct SavedState {
  std::string model_name;
  std::string kv_type;
  bool has_long_factors = false;  // rope factors for long contexts were used
  std::vector<SavedAdapter> adapters;
  std::vector<Token> tokens;
  std::vector<float> last_state;  // [n_embd], or empty
  SamplerProgress sampler;
  std::vector<ChatMessage> messages;
  std::vector<ChunkRange> chunks;  // [n_layers]
};

std::string write_state(const SavedState& state);
// kBadFile naming `path` and the part that is malformed.
Status read_state(std::span<const std::byte> block, std::string_view path, SavedState& out);

std::string write_header(const StateHeader& header);
Status read_header(std::span<const std::byte> bytes, std::string_view path, StateHeader& out);

}  // namespace minnow
