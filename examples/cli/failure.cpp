#include "failure.hpp"

#include <filesystem>

namespace minnow::program {

namespace {

ExitCode exit_code(minnow_status status, Doing doing) {
  switch (status) {
    case MINNOW_OUT_OF_MEMORY:
      return kExitNoMemory;
    case MINNOW_CANCELLED:
      return kExitInterrupted;
    case MINNOW_INVALID_ARGUMENT:
      return doing == Doing::kRunning ? kExitFailed : kExitUsage;
    case MINNOW_NOT_FOUND:
      if (doing == Doing::kReadingOptions) return kExitUsage;
      [[fallthrough]];
    case MINNOW_IO_ERROR:
    case MINNOW_BAD_FILE:
    case MINNOW_UNSUPPORTED:
      return doing == Doing::kOpening ? kExitBadModel : kExitFailed;
    default:
      return kExitFailed;
  }
}

}  // namespace

void check(minnow_status status, Doing doing) {
  if (status == MINNOW_OK) return;
  const ExitCode code = exit_code(status, doing);
  throw Failure(code, code == kExitInterrupted ? "interrupted" : minnow_last_error());
}

void check_opening(minnow_status status, const std::string& path) {
  std::error_code ignored;
  if (status == MINNOW_INVALID_ARGUMENT && !std::filesystem::is_regular_file(path, ignored))
    throw Failure(kExitBadModel, minnow_last_error());
  check(status, Doing::kOpening);
}

}  // namespace minnow::program
