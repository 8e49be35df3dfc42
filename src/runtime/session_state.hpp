// A session's keys and values, chunk by chunk: what copying, saving and restoring have in common.
#pragma once

#include "base/status.hpp"
#include "runtime/session.hpp"

namespace minnow {

// kUnsupported for models with an encoder: what they read is not all in this cache.
Status check_copyable(const Session& session);

// Makes `to`, a session with the same model and options, read what `from` has read, by copying.
void copy_session(const Session& from, Session& to);

}  // namespace minnow
