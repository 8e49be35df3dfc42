#include "runtime/saved_chat.hpp"

#include <algorithm>
#include <cstring>
#include <memory>

#include "base/atomic_file.hpp"
#include "base/mapped_file.hpp"
#include "base/quoted.hpp"
#include "kernels/api/arithmetic_version.hpp"
#include "runtime/saved_state.hpp"

namespace minnow {

namespace {

constexpr std::size_t kBufferBytes = 256 << 10;
constexpr std::size_t kTrailerBytes = sizeof(Sha256Digest);

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

// Files of other models are told by the fingerprint; a name is for people.
std::string model_in_words(std::string_view name, const Sha256Digest& fingerprint) {
  const std::string digits = to_hex(fingerprint).substr(0, 12);
  return name.empty() ? join("model ", digits) : join(in_quotes(name), " (", digits, ")");
}

bool uses_long_factors(const Session& session) {
  const Model& model = session.model();
  return model.weights().rope_factors_long && session.n_ctx() > model.config().n_ctx_short;
}

std::vector<SavedAdapter> adapters_of(const Session& session) {
  std::vector<SavedAdapter> adapters;
  for (const Session::Attached& one : session.attached())
    adapters.push_back({one.adapter->fingerprint(), one.scale, one.adapter->name()});
  return adapters;
}

SavedState state_of(Chat& chat) {
  const Session& session = chat.session();
  SavedState state;
  state.model_name = session.model().name();
  state.kv_type = session.options().kv_type;
  state.has_long_factors = uses_long_factors(session);
  state.adapters = adapters_of(session);
  state.tokens.assign(session.tokens().begin(), session.tokens().end());
  const std::span<const float> last = session.last_state();
  state.last_state.assign(last.begin(), last.end());
  state.sampler = session.sampler_progress();
  state.messages = chat.messages();
  for (std::int32_t i = 0; i < session.model().config().n_layers; ++i)
    state.chunks.push_back(session.kept_chunks(i));
  return state;
}

std::uint64_t chunk_bytes(const Session& session, const std::vector<ChunkRange>& chunks) {
  std::uint64_t n = 0;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const KvLayer& layer = session.cache().layer(static_cast<std::int32_t>(i));
    n += static_cast<std::uint64_t>((layer.keys_chunk_bytes() + layer.values_chunk_bytes()) *
                                    layer.n_kv_heads * (chunks[i].end - chunks[i].first));
  }
  return n;
}

// A file with a checksum of what went into it.
class CheckedFile {
 public:
  Status create(std::string_view path) { return file_.create(path); }
  Status write(std::span<const std::byte> bytes) {
    hash_.update(bytes);
    return file_.write(bytes);
  }
  Status commit() {
    const Sha256Digest digest = hash_.digest();
    MINNOW_TRY(file_.write(std::as_bytes(std::span(digest))));
    return file_.commit();
  }

 private:
  AtomicFile file_;
  Sha256 hash_;
};

// What lies behind the last token in its chunk is of no text that the session still knows: it is
// not written.
Status write_chunks(const Session& session, const std::vector<ChunkRange>& chunks,
                    CheckedFile& file) {
  const std::int64_t n_tokens = session.position();
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const KvLayer& layer = session.cache().layer(static_cast<std::int32_t>(i));
    const auto keys_bytes = static_cast<std::size_t>(layer.keys_chunk_bytes());
    const auto values_bytes = static_cast<std::size_t>(layer.values_chunk_bytes());
    std::vector<std::byte> keys(keys_bytes), values(values_bytes);
    for (std::int64_t head = 0; head < layer.n_kv_heads; ++head) {
      for (std::int64_t chunk = chunks[i].first; chunk < chunks[i].end; ++chunk) {
        std::memcpy(keys.data(), layer.keys_chunk(head, chunk), keys_bytes);
        std::memcpy(values.data(), layer.values_chunk(head, chunk), values_bytes);
        const std::int64_t n_used = n_tokens - chunk * kChunkPositions;
        if (n_used < kChunkPositions) layer.clear_from(n_used, keys.data(), values.data());
        MINNOW_TRY(file.write(keys));
        MINNOW_TRY(file.write(values));
      }
    }
  }
  return {};
}

Status check_sum(const MappedFile& file, std::uint64_t n_bytes) {
  std::vector<std::byte> buffer(kBufferBytes);
  Sha256 hash;
  for (std::uint64_t at = 0; at < n_bytes;) {
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(kBufferBytes, n_bytes - at));
    MINNOW_TRY(file.read(at, {buffer.data(), n}));
    hash.update(buffer.data(), n);
    at += n;
  }
  Sha256Digest expected{};
  MINNOW_TRY(file.read(n_bytes, std::as_writable_bytes(std::span(expected))));
  if (expected == hash.digest()) return {};
  return error(StatusCode::kBadFile, path_in_quotes(file.name()),
               " is damaged: its checksum is not that of its contents");
}

// The file's front, checked as far as it can be without a session.
Status read_front(const MappedFile& file, StateHeader& header, SavedState& state) {
  if (file.n_bytes() < kStateHeaderBytes + kTrailerBytes)
    return error(StatusCode::kBadFile, path_in_quotes(file.name()),
                 " is not a saved session: it has only ", file.n_bytes(), " bytes");
  std::vector<std::byte> bytes(kStateHeaderBytes);
  MINNOW_TRY(file.read(0, bytes));
  MINNOW_TRY(read_header(bytes, file.name(), header));
  if (header.version != kStateVersion)
    return error(StatusCode::kUnsupported, path_in_quotes(file.name()), " has format version ",
                 header.version, "; this is minnow ", MINNOW_VERSION, ", which reads version ",
                 kStateVersion);
  const std::uint64_t room = file.n_bytes() - kStateHeaderBytes - kTrailerBytes;
  if (header.file_bytes != file.n_bytes() || header.block_bytes > room)
    return error(StatusCode::kBadFile, path_in_quotes(file.name()), " has ", file.n_bytes(),
                 " bytes, but ", header.file_bytes, " were written");
  MINNOW_TRY(check_sum(file, file.n_bytes() - kTrailerBytes));
  bytes.resize(static_cast<std::size_t>(header.block_bytes));
  MINNOW_TRY(file.read(kStateHeaderBytes, bytes));
  return read_state(bytes, file.name(), state);
}

Status mismatch(const MappedFile& file, std::string_view what, std::string_view saved,
                std::string_view present) {
  return error(StatusCode::kMismatch, path_in_quotes(file.name()), " was saved with ", what, " ",
               saved, "; this session has ", present);
}

std::string adapters_in_words(const std::vector<SavedAdapter>& adapters) {
  if (adapters.empty()) return "none";
  std::string text;
  for (const SavedAdapter& adapter : adapters)
    text += join(text.empty() ? "" : ", ", model_in_words(adapter.name, adapter.fingerprint),
                 " times ", adapter.scale);
  return text;
}

bool are_same(const std::vector<SavedAdapter>& a, const std::vector<SavedAdapter>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const SavedAdapter& x, const SavedAdapter& y) {
                      return x.fingerprint == y.fingerprint && x.scale == y.scale;
                    });
}

// Whether the state can be taken up by this session.
Status check_match(const MappedFile& file, const StateHeader& header, const SavedState& state,
                   const Session& session) {
  Sha256Digest fingerprint;
  MINNOW_TRY(session.model().fingerprint(fingerprint));
  if (header.fingerprint != fingerprint)
    return mismatch(file, "the model", model_in_words(state.model_name, header.fingerprint),
                    model_in_words(session.model().name(), fingerprint));
  if (header.arithmetic != kArithmeticVersion)
    return mismatch(file, "arithmetic version", join(header.arithmetic), join(kArithmeticVersion));
  if (state.kv_type != session.options().kv_type)
    return mismatch(file, "kv_type", in_quotes(state.kv_type),
                    in_quotes(session.options().kv_type));
  const std::vector<SavedAdapter> present = adapters_of(session);
  if (!are_same(state.adapters, present))
    return mismatch(file, "the adapters", adapters_in_words(state.adapters),
                    adapters_in_words(present));
  if (state.has_long_factors != uses_long_factors(session))
    return mismatch(file, "rope factors for", state.has_long_factors ? "long" : "short",
                    "those of the other length: n_ctx decides");
  const auto n_tokens = static_cast<std::int64_t>(state.tokens.size());
  if (n_tokens > session.n_ctx())
    return error(StatusCode::kContextFull, path_in_quotes(file.name()), " holds ", n_tokens,
                 " tokens; the context holds ", session.n_ctx(), " (raise n_ctx)");
  return {};
}

// What only a file with a right checksum and wrong contents can get wrong.
Status check_contents(const MappedFile& file, const StateHeader& header, const SavedState& state,
                      const Session& session) {
  const ModelConfig& config = session.model().config();
  bool fits = state.chunks.size() == static_cast<std::size_t>(config.n_layers) &&
              (state.last_state.empty() ||
               state.last_state.size() == static_cast<std::size_t>(config.n_embd)) &&
              (state.last_state.empty() || !state.tokens.empty());
  for (const Token token : state.tokens) fits = fits && token >= 0 && token < config.n_vocab;
  if (fits)
    fits = kStateHeaderBytes + header.block_bytes + chunk_bytes(session, state.chunks) +
               kTrailerBytes ==
           file.n_bytes();
  if (fits) return {};
  return error(StatusCode::kBadFile, path_in_quotes(file.name()),
               ": the saved session does not fit its own model");
}

Status read_chunks(const MappedFile& file, std::uint64_t at, const SavedState& state,
                   const Session& session) {
  for (std::size_t i = 0; i < state.chunks.size(); ++i) {
    const KvLayer& layer = session.cache().layer(static_cast<std::int32_t>(i));
    const auto keys_bytes = static_cast<std::size_t>(layer.keys_chunk_bytes());
    const auto values_bytes = static_cast<std::size_t>(layer.values_chunk_bytes());
    const ChunkRange saved = state.chunks[i];
    for (std::int64_t head = 0; head < layer.n_kv_heads; ++head) {
      for (std::int64_t chunk = saved.first; chunk < saved.end; ++chunk) {
        // A shorter ring than the one that was saved keeps the last chunks.
        if (chunk >= saved.end - layer.n_slots) {
          MINNOW_TRY(file.read(at, {layer.keys_chunk(head, chunk), keys_bytes}));
          MINNOW_TRY(file.read(at + keys_bytes, {layer.values_chunk(head, chunk), values_bytes}));
        }
        at += keys_bytes + values_bytes;
      }
    }
  }
  return {};
}

}  // namespace

Status save_chat(Chat& chat, std::string_view path) {
  const Session& session = chat.session();
  MINNOW_TRY(check_copyable(session));
  const SavedState state = state_of(chat);
  const std::string block = write_state(state);
  StateHeader header;
  header.arithmetic = kArithmeticVersion;
  MINNOW_TRY(session.model().fingerprint(header.fingerprint));
  header.block_bytes = block.size();
  header.file_bytes =
      kStateHeaderBytes + block.size() + chunk_bytes(session, state.chunks) + kTrailerBytes;
  CheckedFile file;
  MINNOW_TRY(file.create(path));
  MINNOW_TRY(file.write(bytes_of(write_header(header))));
  MINNOW_TRY(file.write(bytes_of(block)));
  MINNOW_TRY(write_chunks(session, state.chunks, file));
  return file.commit();
}

Status restore_chat(Chat& chat, std::string_view path) {
  Session& session = chat.session();
  MINNOW_TRY(check_copyable(session));
  MappedFile file;
  MINNOW_TRY(MappedFile::open(path, file));
  StateHeader header;
  SavedState state;
  MINNOW_TRY(read_front(file, header, state));
  MINNOW_TRY(check_match(file, header, state, session));
  MINNOW_TRY(check_contents(file, header, state, session));
  const Status status = read_chunks(file, kStateHeaderBytes + header.block_bytes, state, session);
  if (!status.ok()) {
    MINNOW_TRY(session.truncate(0));
    chat.set_messages({});
    return error(status.code(), status.message(), "; the session is empty now");
  }
  std::int64_t oldest_chunk = 0;
  for (std::size_t i = 0; i < state.chunks.size(); ++i) {
    const KvLayer& layer = session.cache().layer(static_cast<std::int32_t>(i));
    oldest_chunk =
        std::max({oldest_chunk, state.chunks[i].first, state.chunks[i].end - layer.n_slots});
  }
  session.adopt(state.tokens, state.last_state, state.sampler, oldest_chunk);
  chat.set_messages(std::move(state.messages));
  return {};
}

}  // namespace minnow
