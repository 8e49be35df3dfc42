// Ctrl-C. A thread of its own waits for SIGINT, so that cancelling may take locks; the first one
// cancels what runs, and where the program is not interactive it ends within a second (exit code
// 130) whatever it is doing.
#pragma once

#include "minnow/minnow.h"

namespace minnow::program {

// To be called first, before any other thread exists.
void watch_interrupts();

// The session that Ctrl-C cancels, for as long as the object lives.
class Interruptible {
 public:
  explicit Interruptible(minnow_session* session);
  ~Interruptible();
  Interruptible(const Interruptible&) = delete;
  Interruptible& operator=(const Interruptible&) = delete;
};

// In a conversation Ctrl-C stops the answer only, and the program goes on.
void keep_running_when_interrupted();

bool was_interrupted();
void forget_interrupt();

}  // namespace minnow::program
