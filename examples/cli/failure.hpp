// Failure: the one exception of the program, caught in main(): a message for people and the exit
// code.
#pragma once

#include <stdexcept>
#include <string>

#include "minnow/minnow.h"

namespace minnow::program {

enum ExitCode {
  kExitOk = 0,
  kExitFailed = 1,        // something went wrong while running
  kExitUsage = 2,         // wrong options or arguments
  kExitBadModel = 3,      // the model cannot be opened or is malformed
  kExitNoMemory = 5,      // for the model, or for the context that was asked for
  kExitInterrupted = 130  // Ctrl-C
};

class Failure : public std::runtime_error {
 public:
  Failure(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

// What the program was doing when a call failed: the same status means different things there.
enum class Doing { kReadingOptions, kOpening, kRunning };

// Throws Failure with the library's message unless status is MINNOW_OK.
void check(minnow_status status, Doing doing = Doing::kRunning);

// The same for opening a file: what is no file at all is a bad model, not wrong usage.
void check_opening(minnow_status status, const std::string& path);

}  // namespace minnow::program
