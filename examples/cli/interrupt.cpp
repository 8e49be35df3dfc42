#include "interrupt.hpp"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <ctime>
#include <mutex>
#include <thread>

#include "failure.hpp"

namespace minnow::program {

namespace {

std::mutex session_mutex;
minnow_session* session_to_cancel = nullptr;  // guarded by session_mutex
std::atomic<bool> interrupted{false};
std::atomic<bool> interactive{false};

void cancel_session() {
  const std::lock_guard lock(session_mutex);
  if (session_to_cancel != nullptr) minnow_session_cancel(session_to_cancel);
}

void wait_for_interrupts(sigset_t signals) {
  for (;;) {
    int signal_number = 0;
    if (sigwait(&signals, &signal_number) != 0) continue;
    interrupted.store(true);
    cancel_session();
    if (interactive.load()) continue;
    const timespec grace{1, 0};
    sigtimedwait(&signals, nullptr, &grace);  // a second Ctrl-C, or a second of time
    _exit(kExitInterrupted);
  }
}

}  // namespace

void watch_interrupts() {
  signal(SIGPIPE, SIG_DFL);  // a reader that goes away ends the program, whatever the parent chose
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::thread(wait_for_interrupts, signals).detach();
}

Interruptible::Interruptible(minnow_session* session) {
  const std::lock_guard lock(session_mutex);
  session_to_cancel = session;
}

Interruptible::~Interruptible() {
  const std::lock_guard lock(session_mutex);
  session_to_cancel = nullptr;
}

void keep_running_when_interrupted() {
  interactive.store(true);
}

bool was_interrupted() {
  return interrupted.load();
}

void forget_interrupt() {
  interrupted.store(false);
}

}  // namespace minnow::program
