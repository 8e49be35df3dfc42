#include "runtime/saved_state.hpp"

#include <cmath>
#include <cstring>
#include <type_traits>

#include "base/quoted.hpp"
#include "io/byte_cursor.hpp"

namespace minnow {

namespace {

constexpr std::string_view kMagic("minnow\x01\n", 8);

class StateWriter {
 public:
  template <class T>
  void put(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void put_text(std::string_view text) {
    put(static_cast<std::uint64_t>(text.size()));
    bytes_.append(text);
  }
  template <class T>
  void put_array(const std::vector<T>& values) {
    put(static_cast<std::uint64_t>(values.size()));
    bytes_.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// Every call says whether the bytes were there; nothing is allocated for what is not.
class StateReader {
 public:
  explicit StateReader(std::span<const std::byte> bytes) : cursor_(bytes) {}
  template <class T>
  bool take(T& out) {
    return cursor_.take(out);
  }
  bool take_text(std::string& out) {
    std::string_view text;
    if (!cursor_.take_string(text)) return false;
    out = text;
    return true;
  }
  template <class T>
  bool take_array(std::vector<T>& out) {
    std::uint64_t n = 0;
    std::string_view bytes;
    if (!take(n) || n > cursor_.remaining() / sizeof(T) ||
        !cursor_.take_bytes(n * sizeof(T), bytes))
      return false;
    out.resize(static_cast<std::size_t>(n));
    if (n > 0) std::memcpy(out.data(), bytes.data(), bytes.size());
    return true;
  }
  // A number of entries of at least `least` bytes each that may still come.
  bool take_count(std::size_t least, std::uint64_t& out) {
    return take(out) && out <= cursor_.remaining() / least;
  }
  bool is_at_end() const { return cursor_.remaining() == 0; }

 private:
  ByteCursor cursor_;
};

bool take_adapters(StateReader& reader, std::vector<SavedAdapter>& out) {
  std::uint64_t n = 0;
  if (!reader.take_count(sizeof(Sha256Digest), n)) return false;
  for (std::uint64_t i = 0; i < n; ++i) {
    SavedAdapter& adapter = out.emplace_back();
    if (!reader.take(adapter.fingerprint) || !reader.take(adapter.scale) ||
        !reader.take_text(adapter.name))
      return false;
  }
  return true;
}

bool take_sampler(StateReader& reader, SamplerProgress& out) {
  return reader.take(out.mirostat_mu) && std::isfinite(out.mirostat_mu) && reader.take(out.drawn) &&
         reader.take(out.drawn_mass) && reader.take(out.drawn_total);
}

bool take_messages(StateReader& reader, std::vector<ChatMessage>& out) {
  std::uint64_t n = 0;
  if (!reader.take_count(2 * sizeof(std::uint64_t), n)) return false;
  for (std::uint64_t i = 0; i < n; ++i) {
    ChatMessage& message = out.emplace_back();
    if (!reader.take_text(message.role) || !reader.take_text(message.content)) return false;
    if (message.role != "system" && message.role != "user" && message.role != "assistant" &&
        message.role != "tool")
      return false;
  }
  return true;
}

bool take_chunks(StateReader& reader, std::size_t n_tokens, std::vector<ChunkRange>& out) {
  if (!reader.take_array(out)) return false;
  const auto end = static_cast<std::int64_t>((n_tokens + kChunkPositions - 1) / kChunkPositions);
  for (const ChunkRange& range : out)
    if (range.first < 0 || range.first > range.end || range.end != end) return false;
  return true;
}

}  // namespace

std::string write_state(const SavedState& state) {
  StateWriter writer;
  writer.put_text(state.model_name);
  writer.put_text(state.kv_type);
  writer.put(static_cast<std::uint32_t>(state.has_long_factors ? 1 : 0));
  writer.put(static_cast<std::uint64_t>(state.adapters.size()));
  for (const SavedAdapter& adapter : state.adapters) {
    writer.put(adapter.fingerprint);
    writer.put(adapter.scale);
    writer.put_text(adapter.name);
  }
  writer.put_array(state.tokens);
  writer.put_array(state.last_state);
  writer.put(state.sampler.mirostat_mu);
  writer.put(state.sampler.drawn);
  writer.put(state.sampler.drawn_mass);
  writer.put(state.sampler.drawn_total);
  writer.put(static_cast<std::uint64_t>(state.messages.size()));
  for (const ChatMessage& message : state.messages) {
    writer.put_text(message.role);
    writer.put_text(message.content);
  }
  writer.put_array(state.chunks);
  return writer.take();
}

Status read_state(std::span<const std::byte> block, std::string_view path, SavedState& out) {
  StateReader reader(block);
  SavedState state;
  std::uint32_t has_long_factors = 0;
  const char* part = nullptr;
  if (!reader.take_text(state.model_name) || !reader.take_text(state.kv_type) ||
      !reader.take(has_long_factors) || has_long_factors > 1)
    part = "model";
  else if (!take_adapters(reader, state.adapters))
    part = "adapters";
  else if (!reader.take_array(state.tokens))
    part = "tokens";
  else if (!reader.take_array(state.last_state))
    part = "last state";
  else if (!take_sampler(reader, state.sampler))
    part = "sampler";
  else if (!take_messages(reader, state.messages))
    part = "messages";
  else if (!take_chunks(reader, state.tokens.size(), state.chunks) || !reader.is_at_end())
    part = "chunks";
  if (part != nullptr)
    return error(StatusCode::kBadFile, path_in_quotes(path), ": the saved session's ", part,
                 " are malformed");
  state.has_long_factors = has_long_factors == 1;
  out = std::move(state);
  return {};
}

std::string write_header(const StateHeader& header) {
  StateWriter writer;
  std::string bytes(kMagic);
  writer.put(header.version);
  writer.put(header.arithmetic);
  writer.put(header.fingerprint);
  writer.put(header.block_bytes);
  writer.put(header.file_bytes);
  return bytes + writer.take();
}

Status read_header(std::span<const std::byte> bytes, std::string_view path, StateHeader& out) {
  ByteCursor cursor(bytes);
  std::string_view magic;
  StateHeader header;
  if (!cursor.take_bytes(kMagic.size(), magic) || magic != kMagic)
    return error(StatusCode::kBadFile, path_in_quotes(path), " is not a saved session");
  if (!cursor.take(header.version) || !cursor.take(header.arithmetic) ||
      !cursor.take(header.fingerprint) || !cursor.take(header.block_bytes) ||
      !cursor.take(header.file_bytes))
    return error(StatusCode::kBadFile, path_in_quotes(path), " is cut short");
  out = header;
  return {};
}

}  // namespace minnow
