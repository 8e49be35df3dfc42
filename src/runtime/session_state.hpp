// A session's keys and values, chunk by chunk: what copying, saving and restoring have in common.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/status.hpp"
#include "ops/kv_layer.hpp"
#include "runtime/session.hpp"

namespace minnow {

// The chunks of a layer that n_tokens positions fill and its slots still hold.
struct ChunkRange {
  std::int64_t first = 0;
  std::int64_t end = 0;
};
inline ChunkRange chunks_of(const KvLayer& layer, std::int64_t n_tokens) {
  const std::int64_t end = (n_tokens + kChunkPositions - 1) / kChunkPositions;
  return {std::max<std::int64_t>(0, end - layer.n_slots), end};
}

// kUnsupported for models with an encoder: what they read is not all in this cache.
Status check_copyable(const Session& session);

// Makes `to`, a session with the same model and options, read what `from` has read, by copying.
void copy_session(const Session& from, Session& to);

}  // namespace minnow
