// Saved conversations: what a session has read, with keys, values and messages, as a file that can
// be taken up later, bit for bit.
//
// The file is replaced in one step; it carries the versions of its own format and of the
// arithmetic, the model's fingerprint and a checksum of everything. Restoring checks all of that
// before the session changes. What is not saved: options, hooks and the chat template.
#pragma once

#include <string_view>

#include "base/status.hpp"
#include "runtime/chat.hpp"

namespace minnow {

// kIo: the disk is full or refuses; the file that was there before is still there then.
Status save_chat(Chat& chat, std::string_view path);

// kBadFile: damaged, cut short or no saved session. kMismatch: of another model, kind of cache,
// adapters or arithmetic; the message names both. kContextFull: more tokens than n_ctx. The session
// is as before then. Only when the file changes while it is being read (kBadFile, kIo) is it empty.
Status restore_chat(Chat& chat, std::string_view path);

}  // namespace minnow
