#include "base/status.hpp"

namespace minnow {

const char* status_name(StatusCode code) {
  switch (code) {
    case StatusCode::kOk:
      return "ok";
    case StatusCode::kInvalidArgument:
      return "invalid argument";
    case StatusCode::kNotFound:
      return "not found";
    case StatusCode::kIo:
      return "input/output error";
    case StatusCode::kBadFile:
      return "bad file";
    case StatusCode::kUnsupported:
      return "unsupported";
    case StatusCode::kOutOfMemory:
      return "out of memory";
    case StatusCode::kContextFull:
      return "context full";
    case StatusCode::kCancelled:
      return "cancelled";
    case StatusCode::kBusy:
      return "busy";
    case StatusCode::kNumeric:
      return "numeric error";
    case StatusCode::kMismatch:
      return "mismatch";
    case StatusCode::kInternal:
      return "internal error";
    case StatusCode::kTemplate:
      return "template error";
    case StatusCode::kTimedOut:
      return "timed out";
  }
  return "unknown status";
}

}  // namespace minnow
