// Status: how every fallible function of minnow answers.
//
// A function that can fail returns a Status and writes its results through trailing out-parameters,
// which it leaves untouched when it fails. A Status carries a pinned code (the same values as
// minnow_status in the C ABI) and a message that names the thing and says what to do. There are no
// exceptions of our own; std::bad_alloc may pass through and becomes kOutOfMemory in
// capi/guard.hpp.
#pragma once

#include <string>
#include <utility>

#include "base/join.hpp"

namespace minnow {

enum class StatusCode : int {
  kOk = 0,
  kInvalidArgument = 1,  // the caller's value is out of range or of the wrong kind
  kNotFound = 2,         // a file, name or option that does not exist
  kIo = 3,               // the operating system refused a read, write or map
  kBadFile = 4,          // a file's contents are malformed or damaged
  kUnsupported = 5,      // well-formed, but something minnow does not know how to run
  kOutOfMemory = 6,      // the allocator refused, or a budget would be passed
  kContextFull = 7,      // the session has no room for more tokens
  kCancelled = 8,        // the caller asked to stop
  kBusy = 9,             // another thread is inside this session
  kNumeric = 10,         // a value became infinite or not a number
  kMismatch = 11,        // a state or cache that belongs to another model
  kInternal = 12,        // an invariant of ours does not hold: a bug, please report it
  kTemplate = 13,        // the chat template itself refused, with its own message
  kTimedOut = 14,        // the session's deadline passed
};

// Returns the code's stable name, as in "out of memory".
const char* status_name(StatusCode code);

class [[nodiscard]] Status {
 public:
  Status() = default;  // ok
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  const std::string& message() const { return message_; }

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
};

// Makes a Status whose message is the pieces in a row (base/join.hpp), as in
//   return error(StatusCode::kBadFile, "tensor '", name, "': ", expected, " rows expected, ", n, "
//   found");
template <class... Pieces>
Status error(StatusCode code, const Pieces&... pieces) {
  return Status(code, join(pieces...));
}

}  // namespace minnow

// Returns from the calling function with the status of `expression` unless it is ok.
#define MINNOW_TRY(expression)                               \
  do {                                                       \
    ::minnow::Status minnow_try_status_ = (expression);      \
    if (!minnow_try_status_.ok()) return minnow_try_status_; \
  } while (false)
