#include "runtime/session_state.hpp"

#include <cstring>

namespace minnow {

Status check_copyable(const Session& session) {
  if (!session.model().config().has_encoder()) return {};
  return error(StatusCode::kUnsupported,
               "sessions of models with an encoder cannot be saved, restored or forked");
}

void copy_session(const Session& from, Session& to) {
  for (std::int32_t i = 0; i < from.model().config().n_layers; ++i) {
    const KvLayer& source = from.cache().layer(i);
    const KvLayer& target = to.cache().layer(i);
    const ChunkRange chunks = from.kept_chunks(i);
    const auto keys_bytes = static_cast<std::size_t>(source.keys_chunk_bytes());
    const auto values_bytes = static_cast<std::size_t>(source.values_chunk_bytes());
    for (std::int64_t head = 0; head < source.n_kv_heads; ++head) {
      for (std::int64_t chunk = chunks.first; chunk < chunks.end; ++chunk) {
        std::memcpy(target.keys_chunk(head, chunk), source.keys_chunk(head, chunk), keys_bytes);
        std::memcpy(target.values_chunk(head, chunk), source.values_chunk(head, chunk),
                    values_bytes);
      }
    }
  }
  to.adopt(from.tokens(), from.last_state(), from.sampler_progress(), from.oldest_chunk());
}

}  // namespace minnow
